import { type DescMethod, getOption, hasOption } from '@bufbuild/protobuf';
import { access as accessOption } from '@gabion/contracts/gabion/contract/v1/options_pb';

/** Who may call a method. */
export type Access =
  | { readonly way: 'permission'; readonly permission: string }
  | { readonly way: 'authenticated' }
  | { readonly way: 'anonymous' }
  | { readonly way: 'services'; readonly names: readonly string[] };

/** What the contract says of a method; throws for a method without the option, so that its service does not start. */
export function accessOf(method: DescMethod): Access {
  const name = `${method.parent.typeName}/${method.name}`;
  if (!hasOption(method, accessOption))
    throw new Error(`${name} has no (gabion.contract.v1.access): nobody may call it`);
  const { way } = getOption(method, accessOption);
  switch (way.case) {
    case 'permission':
      if (!/^[a-z][a-z-]*\.[a-z][a-z-]*$/.test(way.value))
        throw new Error(`${name}: "${way.value}" is not a permission`);
      return { way: 'permission', permission: way.value };
    case 'services':
      if (way.value.names.length === 0) throw new Error(`${name}: no service is named`);
      return { way: 'services', names: way.value.names };
    case 'authenticated':
    case 'anonymous':
      if (!way.value) throw new Error(`${name}: ${way.case} must be true`);
      return { way: way.case };
    case undefined:
      throw new Error(`${name}: (gabion.contract.v1.access) names no way`);
    default: {
      const never: never = way;
      throw new Error(`${name}: unknown way ${JSON.stringify(never)}`);
    }
  }
}
