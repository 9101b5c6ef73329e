/** Memory for one whole file at a time, used again for the next: large buffers that come and go would pile up. */
export class GatheringRoom {
  #room = Buffer.alloc(0);

  /** Room for so many bytes; what was in it before is void. */
  take(size: number): Buffer {
    if (this.#room.length < size) this.#room = Buffer.allocUnsafeSlow(size);
    return this.#room.subarray(0, size);
  }
}
