import type { Migration } from '@gabion/postgres/migrate';

/** Scans, images and layers. */
export const scansMigration: Migration = {
  id: '0001-scans',
  sql: `
      -- What is known of an image under one version of the analysers; it does not change with the advisories.
      create table images (
        id bigint generated always as identity primary key,
        manifest_digest text not null,
        platform text not null,
        analyser_version text not null,
        operating_system jsonb,
        layers jsonb not null,
        warnings jsonb not null,
        package_count integer not null,
        unique (manifest_digest, platform, analyser_version)
      );

      create table packages (
        image_id bigint not null references images on delete cascade,
        -- Position by name: the order in which packages are listed.
        ordinal integer not null,
        name text not null,
        version text not null,
        ecosystem text not null,
        purl text not null,
        source_name text not null,
        source_version text not null,
        architecture text not null,
        layer_diff_id text not null,
        path text not null,
        licenses text[] not null,
        primary key (image_id, ordinal)
      );

      -- What one state of the advisories says of an image.
      create table verdicts (
        id bigint generated always as identity primary key,
        image_id bigint not null references images on delete cascade,
        advisories_state text not null,
        severity_counts jsonb not null,
        warnings jsonb not null,
        unique (image_id, advisories_state)
      );

      create table findings (
        verdict_id bigint not null references verdicts on delete cascade,
        -- Position, worst first: the order in which findings are listed.
        ordinal integer not null,
        id text not null,
        image_id bigint not null,
        package_ordinal integer not null,
        vulnerability_id text not null,
        aliases text[] not null,
        severity smallint not null,
        cvss_score double precision not null,
        cvss_vector text not null,
        fixed_version text not null,
        source text not null,
        advisory_id text not null,
        url text not null,
        rule text not null,
        summary text not null,
        primary key (verdict_id, ordinal),
        foreign key (image_id, package_ordinal) references packages on delete cascade
      );

      create table uploads (
        id uuid primary key,
        name text not null,
        format text not null check (format in ('docker-archive', 'oci-archive')),
        size bigint not null,
        digest text not null,
        -- The data directory that holds the file.
        home text not null,
        expire_time timestamptz not null
      );

      create table scans (
        id uuid primary key,
        -- Order of creation: what lists are sorted and paged by.
        seq bigint generated always as identity unique,
        target text not null,
        reference text,
        upload_id uuid,
        platform text not null,
        plain_http boolean not null,
        -- Sealed with the key of the data directory "home"; gone when the scan ends.
        credentials bytea,
        -- Set when only one data directory can open what the scan needs.
        home text,
        traceparent text,
        state text not null check (state in ('queued', 'running', 'succeeded', 'failed')),
        attempts integer not null default 0,
        leased_by uuid,
        lease_until timestamptz,
        layers_total integer not null default 0,
        layers_done integer not null default 0,
        bytes_total bigint not null default 0,
        bytes_done bigint not null default 0,
        verdict_id bigint references verdicts,
        error_code text,
        error_message text,
        create_time timestamptz not null default now(),
        start_time timestamptz,
        end_time timestamptz,
        check ((reference is null) <> (upload_id is null)),
        check ((state = 'succeeded') = (verdict_id is not null)),
        check ((state = 'failed') = (error_code is not null)),
        check ((state = 'running') = (leased_by is not null)),
        check (credentials is null or state in ('queued', 'running'))
      );
      create index scans_waiting on scans (seq) where state in ('queued', 'running');
      create index scans_by_verdict on scans (verdict_id, seq);

      -- Contents of a layer as the analysers want them, in zstd; a row is whole and verified or not there.
      create table layers (
        diff_id text not null,
        analyser_version text not null,
        contents bytea not null,
        create_time timestamptz not null default now(),
        primary key (diff_id, analyser_version)
      );

      -- Which scan reads a layer at this moment, so that no other does; alive as long as the lease of the scan.
      create table layer_leases (
        diff_id text not null,
        analyser_version text not null,
        scan_id uuid not null references scans on delete cascade,
        primary key (diff_id, analyser_version)
      );
    `,
};
