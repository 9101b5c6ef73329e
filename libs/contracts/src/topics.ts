import { type DescMessage, getOption, hasOption } from '@bufbuild/protobuf';
import { topic as topicOption } from '@gabion/contracts/gabion/contract/v1/options_pb';

/** Where events of one message type are published. */
export interface Topic {
  readonly name: string;
  /** Local name of the message's field whose value is the record key. */
  readonly key: string;
  /** The service that publishes it; "*" when every service does. */
  readonly owner: string;
  readonly partitions: number;
  readonly retentionDays: number;
}

/** What the contract says of a published message; throws for a message without the option, so that its service does not start. */
export function topicOf(schema: DescMessage): Topic {
  if (!hasOption(schema, topicOption))
    throw new Error(`${schema.typeName} has no (gabion.contract.v1.topic) and cannot be published`);
  const { name, key, owner, partitions, retentionDays } = getOption(schema, topicOption);
  const field = schema.fields.find((each) => each.name === key);
  if (!/^[a-z][a-z0-9.-]{0,200}$/.test(name)) throw new Error(`${schema.typeName}: "${name}" is not a topic name`);
  if (field?.fieldKind !== 'scalar')
    throw new Error(`${schema.typeName}: key "${key}" is not a scalar field of the message`);
  if (!owner) throw new Error(`${schema.typeName}: the topic has no owner`);
  return { name, key: field.localName, owner, partitions: partitions || 8, retentionDays: retentionDays || 7 };
}
