import type { Migration } from '@gabion/postgres/migrate';

/** What reports and fix plans ask for. */
export const reportsMigration: Migration = {
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
};
