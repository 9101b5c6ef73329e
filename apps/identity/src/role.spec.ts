import { create } from '@bufbuild/protobuf';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { describe, expect, it } from '@jest/globals';
import { Roles } from './role.ts';

const known = ['scans.get', 'scans.list', 'users.get'];
const role = (name: string, ...permissions: string[]) => ({ name, description: '', permissions });

describe('Roles', () => {
  it('refuses a role with a permission that no contract names', () => {
    expect(() => new Roles([role('a', 'scans.get')], known)).not.toThrow();
    expect(() => new Roles([role('a', 'scans.*', '*')], known)).not.toThrow();
    expect(() => new Roles([role('a', 'scans.fly')], known)).toThrow('scans.fly');
    expect(() => new Roles([role('a', 'scan.*')], known)).toThrow('scan.*');
    expect(() => new Roles([role('a', '*.get')], known)).toThrow('*.get');
  });

  it('accepts the built-in ones', () => {
    expect(new Roles().all.length).toBeGreaterThan(4);
  });

  it('takes a role it does not know for one that holds nothing', () => {
    expect(new Roles().permissionsOf(['of-a-newer-version', 'constructor'])).toEqual([]);
  });

  it('takes an area for covered by the area or by everything, never by its parts', () => {
    const roles = new Roles([role('all', '*'), role('area', 'scans.*'), role('one', 'scans.get')], known);
    const covers = (held: string[], name: string) => {
      try {
        roles.assertCovered(create(CallerSchema, { permissions: held }), [name]);
        return true;
      } catch {
        return false;
      }
    };
    expect(covers(['scans.get', 'scans.list'], 'area')).toBe(false);
    expect(covers(['scans.*'], 'area')).toBe(true);
    expect(covers(['*'], 'area')).toBe(true);
    expect(covers(['scans.*', 'users.*'], 'all')).toBe(false);
    expect(covers(['scans.*'], 'one')).toBe(true);
    expect(covers([], 'one')).toBe(false);
  });
});
