import {
  type CreateExceptionRequest,
  type DeleteExceptionRequest,
  type DeleteVexDocumentRequest,
  ExceptionService,
  type ImportVexRequest,
  type ListExceptionsRequest,
} from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { exceptionMessage } from './exception.ts';
import { Exceptions } from './exceptions.ts';
import { VexDocuments, vexDocumentMessage } from './vex-documents.ts';

@Implements(ExceptionService)
export class ExceptionsController {
  constructor(
    private readonly exceptions: Exceptions,
    private readonly documents: VexDocuments,
  ) {}

  async importVex({ document }: ImportVexRequest, call: Call) {
    return vexDocumentMessage(await this.documents.import(document, call));
  }

  async listVexDocuments() {
    return { documents: (await this.documents.list()).map(vexDocumentMessage) };
  }

  async deleteVexDocument({ id }: DeleteVexDocumentRequest, call: Call) {
    await this.documents.delete(id, call);
    return {};
  }

  async createException({ exception }: CreateExceptionRequest, call: Call) {
    const now = new Date();
    return exceptionMessage(await this.exceptions.create(exception!, call, now), now);
  }

  async listExceptions({ includeExpired }: ListExceptionsRequest) {
    const now = new Date();
    return { exceptions: (await this.exceptions.list(includeExpired)).map((row) => exceptionMessage(row, now)) };
  }

  async deleteException({ id }: DeleteExceptionRequest, call: Call) {
    await this.exceptions.delete(id, call);
    return {};
  }
}
