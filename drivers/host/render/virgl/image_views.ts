/**
 * The views of one image: to render to, to sample, to store to. Made when first asked for; they live as long as the image.
 * Each names its one usage, so that the format of a view need not be capable of all that the image's is.
 * @module
 */

import { DrmError } from "../../../../core/error.ts";
import {
  PIPE_TEXTURE_1D,
  PIPE_TEXTURE_1D_ARRAY,
  PIPE_TEXTURE_2D,
  PIPE_TEXTURE_2D_ARRAY,
  PIPE_TEXTURE_3D,
  PIPE_TEXTURE_CUBE,
  PIPE_TEXTURE_CUBE_ARRAY,
  PIPE_TEXTURE_RECT,
} from "../../../../uapi/pipe.ts";
import {
  chain,
  type DeviceImage,
  VK_IMAGE_TYPE_1D,
  VK_IMAGE_TYPE_3D,
  VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT,
  VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT,
  VK_IMAGE_USAGE_SAMPLED_BIT,
  VK_IMAGE_USAGE_STORAGE_BIT,
  VK_IMAGE_VIEW_TYPE_1D,
  VK_IMAGE_VIEW_TYPE_1D_ARRAY,
  VK_IMAGE_VIEW_TYPE_2D,
  VK_IMAGE_VIEW_TYPE_2D_ARRAY,
  VK_IMAGE_VIEW_TYPE_3D,
  VK_IMAGE_VIEW_TYPE_CUBE,
  VK_IMAGE_VIEW_TYPE_CUBE_ARRAY,
  VkImageViewUsageCreateInfo,
} from "../../vulkan/mod.ts";
import { type GpuFormat, viewCompatible, vkComponent } from "./formats.ts";
import type { ImageShape } from "./resource_shape.ts";
import type { ViewPayment } from "./view_payment.ts";

/** So many views of one image may exist. */
const MAX_VIEWS = 16384;

const VIEW_TYPES: ReadonlyMap<number, number> = new Map([
  [PIPE_TEXTURE_1D, VK_IMAGE_VIEW_TYPE_1D],
  [PIPE_TEXTURE_1D_ARRAY, VK_IMAGE_VIEW_TYPE_1D_ARRAY],
  [PIPE_TEXTURE_2D, VK_IMAGE_VIEW_TYPE_2D],
  [PIPE_TEXTURE_RECT, VK_IMAGE_VIEW_TYPE_2D],
  [PIPE_TEXTURE_2D_ARRAY, VK_IMAGE_VIEW_TYPE_2D_ARRAY],
  [PIPE_TEXTURE_3D, VK_IMAGE_VIEW_TYPE_3D],
  [PIPE_TEXTURE_CUBE, VK_IMAGE_VIEW_TYPE_CUBE],
  [PIPE_TEXTURE_CUBE_ARRAY, VK_IMAGE_VIEW_TYPE_CUBE_ARRAY],
]);

/** The views. */
export class ImageViews {
  readonly #image: DeviceImage;
  readonly #shape: ImageShape;
  readonly #format: GpuFormat;
  readonly #usage: number;
  readonly #cubes: boolean;
  readonly #payment: ViewPayment;
  readonly #views = new Map<string, bigint>();

  /**
   * None yet.
   * @param usage VkImageUsageFlags that the image has. @param cubes whether the image is cube compatible. @param payment for each
   */
  constructor(
    image: DeviceImage,
    shape: ImageShape,
    format: GpuFormat,
    usage: number,
    cubes: boolean,
    payment: ViewPayment,
  ) {
    this.#payment = payment;
    this.#image = image;
    this.#shape = shape;
    this.#format = format;
    this.#usage = usage;
    this.#cubes = cubes;
  }

  /** See `VirglResource.attachmentView`. */
  attachment(format: GpuFormat, level: number, firstLayer: number, layerCount: number): bigint {
    const { type, depth } = this.#shape;
    const layers = type === VK_IMAGE_TYPE_3D ? Math.max(1, depth >>> level) : this.#shape.layers;
    this.#check(format, level, level, firstLayer, firstLayer + layerCount - 1, layers);
    const isDepth = format.canDepth;
    if (!isDepth && !format.canRender) throw refused(`nothing can render to ${format.info.name}`);
    const array = layerCount > 1;
    const viewType = type === VK_IMAGE_TYPE_1D
      ? array ? VK_IMAGE_VIEW_TYPE_1D_ARRAY : VK_IMAGE_VIEW_TYPE_1D
      : array
      ? VK_IMAGE_VIEW_TYPE_2D_ARRAY
      : VK_IMAGE_VIEW_TYPE_2D;
    const usage = isDepth ? VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT : VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
    return this.#make(usage, format, viewType, this.#format.aspect, level, 1, firstLayer, layerCount, 0o3210, true);
  }

  /** See `VirglResource.sampledView`. */
  sampled(
    format: GpuFormat,
    target: number,
    firstLevel: number,
    lastLevel: number,
    firstLayer: number,
    lastLayer: number,
    swizzle: number,
  ): bigint {
    const viewType = this.#viewType(target, firstLayer, lastLayer);
    this.#check(format, firstLevel, lastLevel, firstLayer, lastLayer, this.#shape.layers);
    if (!format.canSample) throw refused(`nothing can sample ${format.info.name}`);
    const levels = lastLevel - firstLevel + 1, layers = lastLayer - firstLayer + 1, { viewAspect } = format;
    const usage = VK_IMAGE_USAGE_SAMPLED_BIT;
    return this.#make(
      usage,
      format,
      viewType,
      viewAspect,
      firstLevel,
      levels,
      firstLayer,
      layers,
      swizzle & 0o7777,
      false,
    );
  }

  /** See `VirglResource.storageView`. */
  storage(format: GpuFormat, target: number, level: number, firstLayer: number, lastLayer: number): bigint {
    const viewType = this.#viewType(target, firstLayer, lastLayer);
    this.#check(format, level, level, firstLayer, lastLayer, this.#shape.layers);
    if (!format.canStorage || !this.#format.canStorage) throw refused(`nothing can store to ${format.info.name}`);
    const usage = VK_IMAGE_USAGE_STORAGE_BIT, layers = lastLayer - firstLayer + 1;
    return this.#make(usage, format, viewType, format.viewAspect, level, 1, firstLayer, layers, 0o3210, true);
  }

  #viewType(target: number, firstLayer: number, lastLayer: number): number {
    const viewType = VIEW_TYPES.get(target), layers = lastLayer - firstLayer + 1;
    if (viewType === undefined) throw refused(`target ${target} is none of textures`);
    const { type, samples } = this.#shape;
    const flat = target === PIPE_TEXTURE_1D || target === PIPE_TEXTURE_1D_ARRAY;
    const cube = target === PIPE_TEXTURE_CUBE || target === PIPE_TEXTURE_CUBE_ARRAY;
    const array = target === PIPE_TEXTURE_1D_ARRAY || target === PIPE_TEXTURE_2D_ARRAY;
    const fits = flat === (type === VK_IMAGE_TYPE_1D) && (target === PIPE_TEXTURE_3D) === (type === VK_IMAGE_TYPE_3D) &&
      (!cube ||
        (this.#cubes && layers % 6 === 0 && samples === 1 && (target === PIPE_TEXTURE_CUBE_ARRAY || layers === 6))) &&
      (cube || array || layers === 1);
    if (!fits) throw refused(`${layers} layers of the image are no texture of target ${target}`);
    return viewType;
  }

  #check(
    format: GpuFormat,
    firstLevel: number,
    lastLevel: number,
    firstLayer: number,
    lastLayer: number,
    layers: number,
  ): void {
    if (!(firstLevel >= 0 && firstLevel <= lastLevel && lastLevel < this.#shape.levels)) {
      throw refused(`it has ${this.#shape.levels} levels, not ${firstLevel} to ${lastLevel}`);
    }
    if (!(firstLayer >= 0 && firstLayer <= lastLayer && lastLayer < layers)) {
      throw refused(`it has ${layers} layers, not ${firstLayer} to ${lastLayer}`);
    }
    if (!viewCompatible(this.#format, format)) {
      throw refused(`${this.#format.info.name} cannot be seen as ${format.info.name}`);
    }
  }

  #make(
    usage: number,
    format: GpuFormat,
    viewType: number,
    aspect: number,
    level: number,
    levels: number,
    layer: number,
    layers: number,
    swizzle: number,
    plain: boolean,
  ): bigint {
    if ((this.#usage & usage) === 0) throw refused(`this GPU cannot use ${this.#format.info.name} like that`);
    const components = plain ? undefined : this.#components(format, swizzle);
    const key = `${usage} ${format.vk} ${viewType} ${aspect} ${level} ${levels} ${layer} ${layers} ${
      components === undefined ? "" : `${components.r}${components.g}${components.b}${components.a}`
    }`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    if (this.#views.size >= MAX_VIEWS) throw new DrmError("ENOMEM", `Cannot make a view: the image has ${MAX_VIEWS}`);
    this.#payment.pay();
    const view = this.#image.createView({
      pNext: [chain(VkImageViewUsageCreateInfo, { usage })],
      viewType,
      format: format.vk,
      components,
      subresourceRange: {
        aspectMask: aspect,
        baseMipLevel: level,
        levelCount: levels,
        baseArrayLayer: layer,
        layerCount: layers,
      },
    });
    this.#views.set(key, view);
    return view;
  }

  // The client's swizzle of the format's R, G, B and A, which are the image's components through the format's own.
  #components(format: GpuFormat, swizzle: number): { r: number; g: number; b: number; a: number } {
    const at = (place: number) => {
      const asked = swizzle >>> place * 3 & 7;
      return vkComponent(asked < 4 ? format.swizzle[asked] : asked, place);
    };
    return { r: at(0), g: at(1), b: at(2), a: at(3) };
  }
}

function refused(why: string): DrmError {
  return new DrmError("EINVAL", `Cannot make a view: ${why}`);
}
