#include "simdclip/system.h"

// jpeglib.h uses FILE and size_t without including them.
#include <jpeglib.h>

#include <cstdio>
#include <string_view>

#include "base/cpu.h"

#define SIMDCLIP_STRING(x) #x
#define SIMDCLIP_STRING_OF(x) SIMDCLIP_STRING(x)

namespace simdclip {
namespace {

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t end = std::min(list.find('|'), list.size());
    parts.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

}  // namespace

SystemInfo system_info() {
  SystemInfo info;
  info.version = SIMDCLIP_VERSION;
  info.cpu = cpu_name();
  info.cores = usable_cores();
  for (const Isa isa : cpu_isas()) info.isas.emplace_back(to_string(isa));
#if defined(LIBJPEG_TURBO_VERSION)
  info.libraries.emplace_back("libjpeg-turbo " SIMDCLIP_STRING_OF(LIBJPEG_TURBO_VERSION));
#else
  info.libraries.emplace_back("libjpeg " SIMDCLIP_STRING_OF(JPEG_LIB_VERSION));
#endif
#if defined(SIMDCLIP_WEBP)
  info.libraries.emplace_back(SIMDCLIP_WEBP);
#endif
#if defined(SIMDCLIP_MORE_LIBRARIES)
  for (std::string& library : split(SIMDCLIP_MORE_LIBRARIES)) info.libraries.push_back(std::move(library));
#endif
  for (std::string& library : split(SIMDCLIP_LIBRARIES)) info.libraries.push_back(std::move(library));
  info.missing = split(SIMDCLIP_MISSING);
  return info;
}

}  // namespace simdclip
