/** Something that keeps part of an image from being known; the image is judged without it. */
export interface Warning {
  readonly code:
    | 'os_unknown'
    | 'os_without_advisories'
    | 'file_too_large'
    | 'file_content_missing'
    | 'package_incomplete'
    | 'package_malformed'
    | 'packages_without_database'
    | 'archive_not_read';
  readonly message: string;
}

/** Warnings of one image, at most so many: a hostile database could cause millions. */
export class Warnings {
  readonly list: Warning[] = [];

  add(code: Warning['code'], message: string): void {
    if (this.list.length < 100) this.list.push({ code, message: message.slice(0, 500) });
  }
}
