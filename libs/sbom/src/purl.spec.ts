import { describe, expect, it } from '@jest/globals';
import { packageNameOf, parsePurl } from './purl.ts';

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
});
