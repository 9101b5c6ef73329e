import { type Check, type CheckedImage, cis, type Violation } from './check.ts';
import { type FileNote, fileInspector } from './file-notes.ts';

/** Checks of the files in the finished image. */
export const fileChecks: readonly Check[] = [
  {
    id: 'GABION-IMG-0008',
    title: 'setuid or setgid program',
    severity: 'medium',
    remediation: 'Take the bit away, if the application does not need it: RUN chmod a-s FILE.',
    benchmarks: [cis('4.8')],
    *violations(image) {
      for (const { note, layer } of notes(image)) {
        if (note.about !== 'setuid' && note.about !== 'setgid') continue;
        const isUsual = usual.has(note.path.slice(note.path.lastIndexOf('/') + 1));
        const mode = note.mode.toString(8).padStart(4, '0');
        const message = `${note.path} is ${note.about} (${mode})`;
        yield { message, path: note.path, layer, ...(isUsual && { severity: 'negligible' as const }) };
      }
    },
  },
  {
    id: 'GABION-IMG-0019',
    title: 'system file that anybody can write to',
    severity: 'medium',
    remediation: 'RUN chmod o-w FILE.',
    benchmarks: [],
    violations: (image) => withNote(image, 'world-writable', 'anybody can write to it'),
  },
  {
    id: 'GABION-IMG-0020',
    title: 'file of the build left in the image',
    severity: 'low',
    remediation: 'Name it in .dockerignore, or copy only what runs from a build stage.',
    benchmarks: [],
    violations: (image) => withNote(image, 'left-over', 'it tells of the source or of whoever built the image'),
  },
  {
    id: 'GABION-IMG-0021',
    title: 'account without a password',
    severity: 'high',
    remediation: 'Lock the account: RUN passwd -l NAME.',
    benchmarks: [],
    *violations(image) {
      for (const { fields, path, layer } of accounts(image, 'etc/shadow', 2))
        if (fields[1] === '') yield { message: `${fields[0]} can log in without a password`, path, layer };
    },
  },
  {
    id: 'GABION-IMG-0022',
    title: 'second administrator',
    severity: 'high',
    remediation: 'Remove the account, or give it a user id of its own.',
    benchmarks: [],
    *violations(image) {
      // `toor` of the BSDs and the service accounts of old Red Hat systems are no administrators of this system.
      for (const { fields, path, layer } of accounts(image, 'etc/passwd', 3))
        if (fields[0] !== 'root' && /^0+$/.test(fields[2]!))
          yield { message: `${fields[0]} has the user id 0`, path, layer };
    },
  },
];

/** What distributions ship with the bit set. */
const usual = new Set(
  'su sudo mount umount passwd chsh chfn chage expiry gpasswd newgrp newuidmap newgidmap ping ping6 pkexec crontab at wall write unix_chkpwd pam_timestamp_check ssh-keysign ssh-agent dbus-daemon-launch-helper polkit-agent-helper-1 fusermount fusermount3 bbsuid utempter userhelper usernetctl sg locate'.split(
    ' ',
  ),
);

function notes({ view }: CheckedImage) {
  return view.notes<FileNote>(fileInspector.name).filter(({ isVisible }) => isVisible);
}

function* withNote(image: CheckedImage, about: FileNote['about'], why: string): Generator<Violation> {
  for (const { note, layer } of notes(image))
    if (note.about === about) yield { message: `${note.path}: ${why}`, path: note.path, layer };
}

function* accounts({ view }: CheckedImage, path: string, width: number) {
  const file = view.read(path);
  if (!file?.content) return;
  for (const line of file.content.toString('utf8').split('\n').slice(0, 10_000)) {
    const fields = line.split(':').map((field) => field.slice(0, 128));
    if (fields.length >= width && /^[a-z_][\w.-]*\$?$/i.test(fields[0]!)) yield { fields, path, layer: file.layer };
  }
}
