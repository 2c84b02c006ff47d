// convert --image-size and --max-patches: the same weights for pictures of another size.
#include "base/fail.h"
#include "convert/plan.h"

namespace simdclip {

void apply_picture_size(const ConvertOptions& options, ConvertPlan& plan) {
  const bool size = options.image_height != 0 || options.image_width != 0;
  if (!size && options.max_patches == 0) return;
  const char* option = size ? "--image-size" : "--max-patches";
  if (!plan.config.vision || plan.tower == "text")
    fail(ErrorCode::invalid_argument, option, ": there is no image tower here");
  VisionConfig& v = *plan.config.vision;
  if (v.max_patches != 0) {
    if (size)
      fail(ErrorCode::invalid_argument,
           "--image-size: pictures keep their shape in this model (NaFlex); give --max-patches N for more or "
           "fewer "
           "patches of ",
           v.patch_size, " pixels");
    if (options.max_patches > kMaxTokens)
      fail(ErrorCode::invalid_argument, "--max-patches ", options.max_patches, ": expected at most ",
           kMaxTokens);
    v.max_patches = options.max_patches;
    return;
  }
  if (v.resnet)
    fail(ErrorCode::unsupported, option,
         ": a ModifiedResNet's attention pool has positions for its own size only");
  if (!size)
    fail(ErrorCode::invalid_argument,
         "--max-patches: this model takes pictures of one size; give --image-size N");
  for (const uint32_t side : {options.image_height, options.image_width})
    if (side < v.patch_size || side > kMaxImageSide)
      fail(ErrorCode::invalid_argument, "--image-size: ", side, " pixels, expected ", v.patch_size,
           " (one patch) to ", kMaxImageSide);
  plan.stored_grid = {patch_grid_height(v), patch_grid_width(v)};
  v.image_height = options.image_height;
  v.image_width = options.image_width;
}

}  // namespace simdclip
