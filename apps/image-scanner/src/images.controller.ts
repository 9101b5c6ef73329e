import {
  type GetImageRequest,
  ImageService,
  type ListFindingChangesRequest,
  type ListImagesRequest,
} from '@gabion/contracts/gabion/scan/v1/images_pb';
import { Implements } from '@gabion/rpc/implements';
import { ImageCatalogue } from './image-catalogue.ts';

@Implements(ImageService)
export class ImagesController {
  constructor(private readonly catalogue: ImageCatalogue) {}

  listImages(request: ListImagesRequest) {
    return this.catalogue.list(request);
  }

  getImage({ digest }: GetImageRequest) {
    return this.catalogue.get(digest);
  }

  listFindingChanges(request: ListFindingChangesRequest) {
    return this.catalogue.changes(request);
  }
}
