import type { Migration } from '@gabion/postgres/migrate';

/** Registries and their sweeps. */
export const registriesMigration: Migration = {
  id: '0006-registries',
  sql: `
      create table registries (
        name text primary key,
        -- As references name it, "registry.example:5000".
        host text not null unique,
        -- Sealed; key_id tells by which key.
        credentials bytea,
        key_id text,
        plain_http boolean not null,
        ca_certificates text not null,
        max_concurrent_scans integer not null,
        max_requests_per_second integer not null,
        sweep_interval_ms bigint,
        sweep_scope jsonb not null,
        next_sweep_time timestamptz,
        create_time timestamptz not null default now(),
        check ((credentials is null) = (key_id is null))
      );

      create table sweeps (
        id uuid primary key,
        seq bigint generated always as identity unique,
        registry text not null references registries on delete cascade,
        scope jsonb not null,
        state text not null check (state in ('listing', 'scanning', 'succeeded', 'failed', 'cancelled')),
        -- Where the catalogue goes on; null is its beginning.
        next_page text,
        is_catalogue_read boolean not null default false,
        repositories_found bigint not null default 0,
        images_found bigint not null default 0,
        scans_succeeded bigint not null default 0,
        scans_failed bigint not null default 0,
        scans_reused bigint not null default 0,
        error_code text,
        error_message text,
        create_time timestamptz not null default now(),
        end_time timestamptz,
        leased_by uuid,
        lease_until timestamptz
      );
      create index sweeps_open on sweeps (seq) where state in ('listing', 'scanning');
      create index sweeps_of on sweeps (registry, seq);

      -- What a sweep has yet to look at: repositories without, images with a tag.
      create table sweep_work (
        sweep_id uuid not null references sweeps on delete cascade,
        repository text not null,
        tag text not null,
        primary key (sweep_id, repository, tag)
      );

      -- Repositories that a sweep has met: a catalogue may name one twice.
      create table sweep_repositories (
        sweep_id uuid not null references sweeps on delete cascade,
        repository text not null,
        primary key (sweep_id, repository)
      );

      create table sweep_images (
        sweep_id uuid not null references sweeps on delete cascade,
        target text not null,
        platform text not null,
        seq bigint generated always as identity,
        manifest_digest text,
        -- Not a reference: scans are deleted after their time.
        scan_id uuid,
        state text not null check (state in ('waiting', 'succeeded', 'failed', 'reused')),
        error_code text,
        error_message text,
        primary key (sweep_id, target, platform)
      );
      create index sweep_images_waiting on sweep_images (sweep_id) where state = 'waiting';
      create index sweep_images_failed on sweep_images (sweep_id, seq) where state = 'failed';
      create index sweep_images_by_digest on sweep_images (sweep_id, manifest_digest);

      -- Pushes that registries have told of, so that telling twice has no second effect.
      create table registry_events (
        registry text not null references registries on delete cascade,
        event text not null,
        scan_ids uuid[] not null,
        time timestamptz not null default now(),
        primary key (registry, event)
      );
      create index registry_events_by_time on registry_events (time);

      -- The host of the reference; empty for what is no image of a registry.
      alter table scans add column registry_host text not null default '';
      create index scans_at_work on scans (registry_host) where state = 'running';
    `,
};
