// Any bytes as a configuration: an Error, or a configuration that reads back to the same bytes; a valid one
// has a schema whose sizes do not overflow.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "format/config.h"
#include "format/schema.h"
#include "simdclip/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace simdclip;
  ModelConfig config;
  try {
    config = config_from_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const Error&) {
    return 0;
  }
  const std::string json = to_json(config);
  if (to_json(config_from_json(json, "again")) != json) std::abort();
  try {
    validate(config, "fuzz");
  } catch (const Error&) {
    return 0;
  }
  for (const TensorSpec& spec : schema(config)) {
    if (stored_bytes(spec) < element_count(spec)) std::abort();
  }
  return 0;
}
