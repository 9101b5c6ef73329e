import type { Migration } from '@gabion/postgres/migrate';

/** Type, module and evidence of packages. */
export const packageTypesMigration: Migration = {
  id: '0003-package-types',
  sql: `
      alter table packages
        add column type text not null default '',
        add column module text not null default '',
        add column evidence text not null default '';
    `,
};
