import type { Migration } from '@gabion/postgres/migrate';

/** The schema of `identity`, forward only. */
export const migrations: readonly Migration[] = [
  {
    id: '0001-subjects-and-tokens',
    sql: `
      -- People and programs. A deleted one stays as a row without roles, so that its tokens still name an owner.
      create table subjects (
        id uuid primary key default gen_random_uuid(),
        kind text not null check (kind in ('user', 'service_account')),
        name text not null,
        email text not null default '',
        description text not null default '',
        disabled boolean not null default false,
        create_time timestamptz not null,
        delete_time timestamptz
      );
      create unique index subjects_name on subjects (kind, name) where delete_time is null;

      create table grants (
        subject_id uuid not null references subjects,
        role text not null,
        primary key (subject_id, role)
      );
      create index grants_role on grants (role);

      create table tokens (
        id uuid primary key default gen_random_uuid(),
        owner_id uuid not null references subjects,
        name text not null,
        prefix text not null,
        hash bytea not null,
        create_time timestamptz not null,
        expire_time timestamptz not null,
        last_use_time timestamptz,
        revoke_time timestamptz
      );
      create unique index tokens_prefix on tokens (prefix);
      create index tokens_owner on tokens (owner_id, create_time desc, id desc);
      create index tokens_time on tokens (create_time desc, id desc);`,
  },
];
