/** How the server is run for one platform on one machine: small memory, little work when idle, nothing lost. */
export function settings(options: { socketDir: string; major: number }): readonly string[] {
  const chosen: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: options.socketDir,
    unix_socket_permissions: '0700',
    password_encryption: 'scram-sha-256',
    // A dozen services with a pool each, and their listeners; a slot that is not used costs a few kilobytes.
    max_connections: '200',
    shared_buffers: '32MB',
    work_mem: '4MB',
    maintenance_work_mem: '32MB',
    jit: 'off',
    max_worker_processes: '4',
    max_parallel_workers_per_gather: '0',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    // No replicas: less WAL, and no processes that wait for them.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    wal_compression: 'on',
    min_wal_size: '48MB',
    max_wal_size: '512MB',
    checkpoint_timeout: '15min',
    // A launcher round visits one database: with a dozen of them the default minute would start a worker every 5 s.
    autovacuum_naptime: '5min',
    autovacuum_max_workers: '2',
    autovacuum_vacuum_cost_limit: '400',
    log_checkpoints: 'off',
    log_autovacuum_min_duration: '-1',
    logging_collector: 'off',
    log_line_prefix: '%m [%p] %q%d ',
    timezone: 'UTC',
    log_timezone: 'UTC',
    cluster_name: 'gabion',
  };
  // From 18 on reads may go through worker processes; at this size they only cost memory.
  if (options.major >= 18) chosen.io_method = 'sync';
  return Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
