// What this build and this machine offer.
#pragma once

#include <string>
#include <vector>

#include "simdclip/export.h"

namespace simdclip {

struct SystemInfo {
  std::string version;                 // of simdclip: "0.1.0"
  std::string cpu;                     // "AMD EPYC 9R14"
  unsigned cores = 1;                  // that this process may use (affinity and cgroup quota)
  std::vector<std::string> isas;       // instruction sets that this CPU runs, best last
  std::vector<std::string> libraries;  // built in: "libjpeg-turbo 2.1.5", ...
  std::vector<std::string> missing;    // optional ones left out, and what cannot be done without each
};

SIMDCLIP_API SystemInfo system_info();

}  // namespace simdclip
