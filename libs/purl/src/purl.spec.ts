import { describe, expect, it } from '@jest/globals';
import { buildPurl, normalPurl, packageNameOf, parsePurl, readPurl } from './purl.ts';
import { purlTypes } from './type-rules.ts';

describe('package URLs', () => {
  it('parses all parts', () => {
    const parts = parsePurl('pkg:golang/google.golang.org/genproto@v1%2Ba?os=linux&Arch=amd64#/googleapis/../api/');
    expect(parts).toEqual({
      type: 'golang',
      namespace: 'google.golang.org',
      name: 'genproto',
      version: 'v1+a',
      qualifiers: new Map([
        ['os', 'linux'],
        ['arch', 'amd64'],
      ]),
      subpath: 'googleapis/api',
    });
  });

  it.each(['pkg:npm/%40angular/core@1.0.0', 'pkg:npm/@angular/core@1.0.0', 'pkg://npm//%40angular/core@1.0.0'])(
    'reads the scope of %s',
    (text) => expect(parsePurl(text)).toMatchObject({ namespace: '@angular', name: 'core', version: '1.0.0' }),
  );

  it.each([
    '',
    'npm/a@1',
    'pkg:npm',
    'pkg:maven/@1.3.4',
    'pkg:n&g/a@1',
    'pkg:3nginx/a',
    'pkg:npm/a@%ZZ',
    'pkg:npm/a?in%20x=1',
  ])('refuses %j', (text) => expect(parsePurl(text)).toBeUndefined());

  it('compares names as their type does', () => {
    const nameOf = (text: string) => packageNameOf(parsePurl(text)!);
    expect(nameOf('pkg:pypi/Foo_Bar')).toBe(nameOf('pkg:pypi/foo-bar@1'));
    expect(nameOf('pkg:maven/A/b')).not.toBe(nameOf('pkg:maven/a/b'));
  });

  // Spellings and forms of purl-spec's cases.
  it.each([
    ['pkg:PYPI/Django_package@1.11.1.dev1', 'pkg:pypi/django-package@1.11.1.dev1'],
    ['pkg:brew/node@20@20.10.0', 'pkg:brew/node%4020@20.10.0'],
    [
      'pkg:docker/customer/image@sha256%3A24?repository_url=gcr.io/a',
      'pkg:docker/customer/image@sha256:24?repository_url=gcr.io%2Fa',
    ],
    ['pkg:///maven/org.apache.commons//io/', 'pkg:maven/org.apache.commons/io'],
    ['pkg:git/github.com/Package-url/purl-Spec@1', 'pkg:git/github.com/package-url/purl-spec@1'],
    ['pkg:maven/a/b@1?type=pom&Classifier=x&empty=', 'pkg:maven/a/b@1?classifier=x&type=pom'],
    ['pkg:npm/JSONStream@1.0.0#/a/./b/', 'pkg:npm/JSONStream@1.0.0#a/b'],
  ])('writes %s as %s', (text, normal) => {
    expect(normalPurl(text)).toBe(normal);
    expect(normalPurl(normal)).toBe(normal);
  });

  it.each([
    ['pkg:swift/Alamofire@5.4.3', 'purl_namespace_missing'],
    ['pkg:otp/a/hex@2', 'purl_namespace_prohibited'],
    ['pkg:cpan/URI::PackageURL', 'purl_name_invalid'],
    ['pkg:chrome-extension/dlpngalgnefjeiefhmpklpfiohadpglk@1-b', 'purl_version_invalid'],
    ['pkg:julia/Dates', 'purl_qualifier_missing'],
    ['pkg:npm/a?in%20x=1', 'purl_qualifier_invalid'],
    [`pkg:npm/a?${'k=v&'.repeat(70)}`, 'purl_qualifier_invalid'],
    ['pkg:maven/a/@1', 'purl_name_missing'],
    ['pkg:npm/%E0%A4', 'purl_malformed'],
    [`pkg:npm/${'/'.repeat(5000)}`, 'purl_too_long'],
  ])('says why %s is none: %s', (text, code) => {
    expect(() => readPurl(text)).toThrow(expect.objectContaining({ name: 'PurlError', code }));
  });

  it('builds what it can read again, for every type', () => {
    const qualifiers = new Map([
      ['uuid', 'u'],
      ['tag_id', 't'],
    ]);
    for (const type of purlTypes.filter((each) => each !== 'chrome-extension')) {
      const isAlone = parsePurl(`pkg:${type}/a/b?uuid=u&tag_id=t`) === undefined;
      const text = buildPurl({ type, namespace: isAlone ? '' : 'space/d', name: 'n+m', version: '1:2', qualifiers });
      expect(normalPurl(text)).toBe(text);
    }
  });
});
