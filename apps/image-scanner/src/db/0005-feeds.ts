import type { Migration } from '@gabion/postgres/migrate';

/** Advisories by the hash of their content, and where they come from. */
export const feedsMigration: Migration = {
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
};
