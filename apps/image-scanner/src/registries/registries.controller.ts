import {
  type CancelSweepRequest,
  type CreateSweepRequest,
  type DeleteRegistryRequest,
  type GetSweepRequest,
  type ListSweepsRequest,
  type PutRegistryRequest,
  type ReceiveRegistryEventRequest,
  RegistryService,
} from '@gabion/contracts/gabion/scan/v1/registries_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { Registries } from './registries.ts';
import { registryMessage } from './registry.ts';
import { RegistryEvents } from './registry-events.ts';
import { sweepMessage } from './sweep.ts';
import { Sweeps } from './sweeps.ts';

@Implements(RegistryService)
export class RegistriesController {
  constructor(
    private readonly registries: Registries,
    private readonly sweeps: Sweeps,
    private readonly events: RegistryEvents,
  ) {}

  async putRegistry({ registry }: PutRegistryRequest, call: Call) {
    return registryMessage(await this.registries.put(registry!, call));
  }

  async listRegistries() {
    return { registries: (await this.registries.list()).map(registryMessage) };
  }

  async deleteRegistry({ name }: DeleteRegistryRequest, call: Call) {
    await this.registries.delete(name, call);
    return {};
  }

  async createSweep(request: CreateSweepRequest, call: Call) {
    return sweepMessage(await this.sweeps.create(request, call));
  }

  async getSweep({ id }: GetSweepRequest) {
    return sweepMessage(await this.sweeps.get(id), await this.sweeps.failures(id));
  }

  async listSweeps(request: ListSweepsRequest) {
    const { sweeps, nextPageToken } = await this.sweeps.list(request);
    return { sweeps: sweeps.map((sweep) => sweepMessage(sweep)), nextPageToken };
  }

  async cancelSweep({ id }: CancelSweepRequest, call: Call) {
    return sweepMessage(await this.sweeps.cancel(id, call), await this.sweeps.failures(id));
  }

  async receiveRegistryEvent({ registry, event }: ReceiveRegistryEventRequest, call: Call) {
    return this.events.receive(registry, event, call);
  }
}
