import { publicFeeds } from '@gabion/advisories/public-feeds';
import { describe, expect, it } from '@jest/globals';
import { builtInFeeds } from './built-in.ts';
import { formOf } from './fetch.ts';
import { listedIn } from './fetch-changes.ts';
import { expanded, linksIn } from './fetch-listed.ts';
import { updateinfoIn } from './fetch-named.ts';

describe('the address of a feed', () => {
  it.each([
    ['https://x.example/all.zip', 'file'],
    ['http://x.example/{a,b}.json', 'listed'],
    ['https://x.example/secdb/', 'listed'],
    ['https://x.example/csaf/changes.csv', 'changes'],
    ['https://x.example/repo/repodata/repomd.xml', 'named'],
    ['oci:registry.example/advisories:latest', 'artifact'],
    ['file:///srv/feeds', 'local'],
  ])('%s has the form %s', (address, form) => {
    expect(formOf(address)).toBe(form);
  });

  it.each(['file://host/share', 'ftp://x.example/a', 'https://name:word@x.example/a', '/srv/feeds', ''])(
    'is refused as %j',
    (address) => {
      expect(() => formOf(address)).toThrow(expect.objectContaining({ code: 'feed_address_invalid' }));
    },
  );

  it('stands for each of its alternatives, and for a bounded number', () => {
    expect(expanded('a{b,c}d{e,f}')).toEqual(['abde', 'abdf', 'acde', 'acdf']);
    expect(() => expanded('{a,b')).toThrow(expect.objectContaining({ code: 'feed_address_invalid' }));
    expect(() => expanded('{a,b}'.repeat(40))).toThrow(expect.objectContaining({ code: 'feed_address_invalid' }));
  });

  it('of every public feed has a form and stands for all of its files', () => {
    const built = builtInFeeds(new Date('2026-11-23T00:00:00Z'));
    expect(built).toHaveLength(publicFeeds.length);
    for (const { urls } of built) expect(() => formOf(urls[0]!)).not.toThrow();
    const alpine = built.find(({ name }) => name === 'alpine-secdb')!;
    expect(expanded(alpine.urls[0]!)).toEqual(publicFeeds.find(({ name }) => name === 'alpine-secdb')!.urls);
    expect(expanded(built.find(({ name }) => name === 'nvd')!.urls[0]!)).toHaveLength(25);
  });
});

describe('what names the files of a feed', () => {
  it('is read from changes.csv, and must not lead elsewhere', () => {
    const base = new URL('https://x.example/csaf/changes.csv');
    const listed = listedIn('"2024/a.json","2024-05-01T00:00:00Z"\r\n2024/b.json,t\nREADME,t\nbroken\n', base);
    expect(listed.map(({ name, url, version }) => [name, url.href, version])).toEqual([
      ['2024/a.json', 'https://x.example/csaf/2024/a.json', '2024-05-01T00:00:00Z'],
      ['2024/b.json', 'https://x.example/csaf/2024/b.json', 't'],
    ]);
    expect(() => listedIn('"//evil.example/a.json","t"', base)).toThrow(
      expect.objectContaining({ code: 'feed_refused' }),
    );
  });

  it('is read from the links of a page that lead further down', () => {
    const page = new URL('https://x.example/secdb/');
    const html = `<a href="v3.20/">a</a><A HREF='v3.21/'>b</A><a href="../">c</a><a href="/secdb/?sort=1">d</a><a href="https://y.example/secdb/v1/">e</a>`;
    expect(linksIn(html, page).map(({ href }) => href)).toEqual([
      'https://x.example/secdb/v3.20/',
      'https://x.example/secdb/v3.21/',
    ]);
  });

  it('is read from repomd.xml, and only of the element for updateinfo', () => {
    const data = (type: string, digest: string) =>
      `<data type="${type}"><checksum type="sha256">${digest}</checksum><location href="repodata/${type}.xml.gz"/></data>`;
    const xml = `<repomd>${data('primary', 'a'.repeat(64))}${data('updateinfo', 'b'.repeat(64))}</repomd>`;
    expect(updateinfoIn(xml)).toEqual({
      href: 'repodata/updateinfo.xml.gz',
      algorithm: 'sha256',
      checksum: 'b'.repeat(64),
    });
    expect(updateinfoIn(`<repomd>${data('primary', 'a'.repeat(64))}</repomd>`)).toBeUndefined();
  });
});
