import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, type DescService, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A service whose HTTP rules use everything that google.api.http has; compiled from the fixture. */
export function libraryService(): DescService {
  const directory = mkdtempSync(join(tmpdir(), 'gabion-library-'));
  try {
    cpSync(join(root, 'third_party/proto'), directory, { recursive: true });
    cpSync(join(root, 'proto/gabion/contract'), join(directory, 'gabion/contract'), { recursive: true });
    cpSync(join(root, 'apps/gateway/test/fixtures/library.proto'), join(directory, 'library.proto'));
    const image = execFileSync(join(root, 'node_modules/.bin/buf'), ['build', directory, '-o', '-']);
    const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, image)).getService(
      'library.v1.LibraryService',
    );
    if (!service) throw new Error('the fixture has no LibraryService');
    return service;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
