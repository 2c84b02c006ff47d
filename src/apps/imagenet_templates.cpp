#include "apps/imagenet_templates.h"

#include <iterator>

#include "simdclip/classify.h"

namespace simdclip {

std::vector<std::string> imagenet_templates() {
  return {std::begin(kImagenetTemplates), std::end(kImagenetTemplates)};
}
std::vector<std::string> best_imagenet_templates() {
  return {std::begin(kBestImagenetTemplates), std::end(kBestImagenetTemplates)};
}

}  // namespace simdclip
