import type { Migration } from '@gabion/postgres/migrate';

/** What is judged, apart from the images that hold it. */
export const componentsMigration: Migration = {
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
};
