import type { Migration } from '@gabion/postgres/migrate';

/** The schema of the service's database, oldest step first. */
export const migrations: readonly Migration[] = [
  {
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
  },
  {
    id: '0002-advisories',
    sql: `
      -- One run of an import. Rows of a generation that is not visible are read by nobody.
      create table generations (
        id bigint generated always as identity primary key,
        source text not null,
        state text not null check (state in ('filling', 'visible', 'dropped')),
        -- Who fills it gives a sign of life; without one it is dropped.
        lease_until timestamptz
      );
      create unique index generations_visible on generations (source) where state = 'visible';

      create table advisory_sources (
        source text primary key,
        generation bigint not null references generations,
        format text not null,
        ecosystems text[] not null,
        advisory_count bigint not null,
        import_time timestamptz not null,
        latest_change_time timestamptz
      );

      create table advisory_entries (
        generation bigint not null,
        ecosystem text not null,
        package text not null,
        entry jsonb not null
      );
      create index advisory_entries_lookup on advisory_entries (package, ecosystem, generation);
      create index advisory_entries_of on advisory_entries (generation);
    `,
  },
  {
    id: '0003-package-types',
    sql: `
      alter table packages
        add column type text not null default '',
        add column module text not null default '',
        add column evidence text not null default '';
    `,
  },
  {
    id: '0004-components',
    sql: `
      -- One thing that advisories can speak of, once for all images that hold it.
      create table components (
        id integer generated always as identity primary key,
        -- Hash of all that follows.
        digest bytea not null unique,
        type text not null,
        ecosystem text not null,
        name text not null,
        version text not null,
        source_name text not null,
        source_version text not null,
        architecture text not null,
        module text not null
      );
      create index components_by_name on components (name);

      -- Under which names advisories that concern a component stand: the way from a changed advisory to components.
      create table component_lookups (
        component_id integer not null references components on delete cascade,
        ecosystem text not null,
        package text not null,
        primary key (component_id, ecosystem, package)
      );
      create index component_lookups_by_package on component_lookups (package, ecosystem);

      -- What the advisories say of a component; a row is written when it is first said or said differently.
      create table component_findings (
        component_id integer not null references components on delete cascade,
        vulnerability_id text not null,
        -- All names of the vulnerability, the id first.
        names text[] not null,
        severity smallint not null,
        cvss_score real not null,
        fixed_version text not null,
        is_malicious boolean not null,
        -- When the vulnerability became known; where no advisory says it, when it was first found here.
        known_since timestamptz not null,
        content jsonb not null,
        -- Of the content: what is the same is not written again.
        hash bytea not null,
        primary key (component_id, vulnerability_id)
      );
      create index component_findings_by_name on component_findings using gin (names);

      -- Packages of which advisories have changed and whose components are to be judged again. Written in the
      -- transaction that shows the advisories, behind the gate (judging-gate.ts).
      create table rejudge_keys (
        seq bigint generated always as identity primary key,
        ecosystem text not null,
        package text not null,
        time timestamptz not null default now()
      );

      -- One judging of changed packages, whole or not there. Numbers are in the order of commits.
      create table judging_rounds (
        id bigint generated always as identity primary key,
        time timestamptz not null default now(),
        -- Whether the images to tell of it are in announcements.
        is_spread boolean not null default false
      );
      create index judging_rounds_to_spread on judging_rounds (id) where not is_spread;

      create table finding_changes (
        id bigint generated always as identity primary key,
        round bigint not null references judging_rounds on delete cascade,
        component_id integer not null references components on delete cascade,
        is_added boolean not null,
        vulnerability_id text not null,
        names text[] not null,
        severity smallint not null,
        fixed_version text not null,
        source text not null
      );
      create index finding_changes_of on finding_changes (component_id, id);
      create index finding_changes_in on finding_changes (round, component_id);

      alter table scans
        add column image_id bigint references images,
        -- As counted when the scan ended.
        add column severity_counts jsonb,
        add column warnings jsonb not null default '[]',
        -- Numbers of FindingKind; empty is everything.
        add column kinds smallint[] not null default '{}',
        -- Numbers of ScanPriority.
        add column priority smallint not null default 1,
        add column origin text not null default '',
        add column lock_files boolean not null default false;
      update scans set image_id = verdicts.image_id, severity_counts = verdicts.severity_counts,
        warnings = verdicts.warnings
      from verdicts where verdicts.id = scans.verdict_id;
      alter table scans drop column verdict_id, add check ((state = 'succeeded') = (image_id is not null));
      drop table findings, verdicts, packages;
      create index scans_by_image on scans (image_id, seq);
      create index scans_by_priority on scans (priority, seq) where state in ('queued', 'running');

      alter table images
        drop constraint images_manifest_digest_platform_analyser_version_key,
        add column lock_files boolean not null default false,
        -- Of each package in its order; the packages' places, licences and so on are in contents.
        add column components integer[] not null default '{}',
        -- zstd of JSON; null for what was stored before there were components: it is read anew by the next scan.
        add column contents bytea,
        add column diff_ids text[] not null default '{}',
        -- The last round of judging that the image's first scan has told of.
        add column round bigint not null default 0,
        -- A later analysis of the same image speaks for it.
        add column is_superseded boolean not null default false,
        add column create_time timestamptz not null default now();
      -- Compressed already.
      alter table images alter column contents set storage external;
      update images set is_superseded = true,
        diff_ids = array(select jsonb_array_elements(layers) ->> 'diffId');
      create unique index images_analysed on images (manifest_digest, platform, lock_files, analyser_version)
        where contents is not null;
      create index images_by_digest on images (manifest_digest, id);
      create index images_by_component on images using gin (components);
      create index images_by_layer on images using gin (diff_ids);

      -- Images that are still to be told of a round.
      create table announcements (
        round bigint not null references judging_rounds on delete cascade,
        image_id bigint not null references images on delete cascade,
        primary key (round, image_id)
      );
      create index announcements_of on announcements (image_id);

      alter table layers add column use_time timestamptz not null default now();
      create index layers_by_use on layers (use_time);

      create sequence suppression_revisions;

      create table exceptions (
        id uuid primary key,
        revision bigint not null default nextval('suppression_revisions'),
        owner text not null,
        reason text not null,
        expire_time timestamptz not null,
        vulnerability_id text not null,
        purl text not null,
        rule_id text not null,
        finding_id text not null,
        path text not null,
        image text not null,
        -- Number of a FindingKind; 0 is any.
        kind smallint not null,
        creator text not null,
        create_time timestamptz not null default now()
      );

      create table vex_documents (
        id uuid primary key,
        revision bigint not null default nextval('suppression_revisions'),
        document_id text not null unique,
        author text not null,
        format text not null,
        statement_count integer not null,
        document_time timestamptz,
        import_time timestamptz not null default now(),
        statements jsonb not null
      );
    `,
  },
  {
    id: '0005-feeds',
    sql: `
      -- What is imported from here on has another form; what was imported before is fetched or imported anew.
      drop table advisory_entries;
      drop table advisory_sources;
      drop table generations;

      create sequence advisory_revisions;
      create table advisory_sources (
        source text primary key,
        -- Another one with each visible change.
        revision bigint not null default nextval('advisory_revisions'),
        format text not null,
        ecosystems text[] not null,
        advisory_count bigint not null,
        fact_count bigint not null,
        import_time timestamptz not null,
        latest_change_time timestamptz
      );

      create table advisory_entries (
        source text not null,
        -- Of the entry and its document: what stays the same is not written again.
        hash bytea not null,
        -- The feed document that holds it; 0 where the feed is one document.
        document bigint not null,
        ecosystem text not null,
        package text not null,
        -- Every name of the vulnerability: its own, the advisory's, aliases.
        ids text[] not null,
        entry jsonb not null,
        primary key (source, hash)
      );
      create index advisory_entries_lookup on advisory_entries (package, ecosystem);
      create index advisory_entries_by_id on advisory_entries using gin (ids);
      create index advisory_entries_by_document on advisory_entries (document) where document <> 0;

      -- What is known of a vulnerability apart from packages. Each source writes the columns that it owns in a row.
      create table vulnerability_facts (
        id text primary key,
        epss_score real,
        epss_percentile real,
        epss_date date,
        epss_source text,
        kev_date date,
        kev_due_date date,
        kev_ransomware boolean,
        kev_source text,
        cvss jsonb,
        cwes text[],
        summary text,
        record_source text
      ) with (fillfactor = 85);

      create table lifecycles (
        ecosystem text primary key,
        end_of_life date,
        extended_support date,
        source text not null
      );

      -- Where advisories are fetched from. What is null is as in the list that comes with Gabion.
      create table feeds (
        name text primary key,
        urls text[],
        format text,
        interval_ms bigint,
        disabled boolean not null default false,
        attempt_time timestamptz,
        success_time timestamptz,
        next_attempt_time timestamptz not null,
        error_code text,
        error_message text,
        failures integer not null default 0,
        bytes_fetched bigint not null default 0,
        -- What the last good fetch saw: entity tags, dates and digests by address.
        validators jsonb not null default '{}',
        leased_by uuid,
        lease_until timestamptz,
        check ((leased_by is null) = (lease_until is null)),
        check ((error_code is null) = (error_message is null))
      );

      -- Documents of feeds that consist of many.
      create table feed_documents (
        id bigint generated always as identity primary key,
        source text not null,
        path text not null,
        -- Entity tag, date or digest as of which it was read.
        validator text not null,
        advisory_count bigint not null default 0,
        unique (source, path)
      );
    `,
  },
  {
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
  },
  {
    id: '0007-reports',
    sql: `
      alter table uploads drop constraint uploads_format_check,
        add check (format in ('docker-archive', 'oci-archive', 'file-system', 'sbom'));
      alter table scans add column target_kind text not null default 'image'
        check (target_kind in ('image', 'file-system', 'sbom'));
      -- From an image to those that it may be built on, and from a repository to its images.
      create index images_by_first_layer on images ((diff_ids[1])) where contents is not null and not is_superseded;
      create index scans_by_target on scans (target collate "C", seq) where state = 'succeeded';
    `,
  },
];
