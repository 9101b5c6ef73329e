import type { Migration } from '@gabion/postgres/migrate';

/** Imported advisories, in generations. */
export const advisoriesMigration: Migration = {
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
};
