// The CPU's name, its caches, and how many of its cores this process may use.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/cgroup.h"
#include "base/cpu.h"

namespace simdclip {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string brand_string() {
#if defined(__x86_64__)
  std::array<unsigned, 12> words{};
  for (unsigned i = 0; i < 3; ++i) {
    unsigned* w = &words[4 * i];
    if (__get_cpuid(0x80000002U + i, w, w + 1, w + 2, w + 3) == 0) return "";
  }
  std::array<char, 49> text{};
  std::memcpy(text.data(), words.data(), 48);
  return trimmed(text.data());
#else
  return "";
#endif
}

std::string cpuinfo_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string part;
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
    if (key == "model name" || key == "Hardware") return value;
    if (key == "CPU implementer") part = "ARM " + value;
    if (key == "CPU part") return part + " part " + value;
  }
  return "";
}

// CPUs in the affinity mask. The mask grows until the kernel's fits, for machines with more than 1,024.
unsigned affinity_cores() {
  struct Free {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  for (size_t cpus = 1024; cpus <= 1U << 20U; cpus *= 4) {
    const std::unique_ptr<cpu_set_t, Free> set(CPU_ALLOC(cpus));
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    if (::sched_getaffinity(0, bytes, set.get()) == 0) {
      return static_cast<unsigned>(std::max(1, CPU_COUNT_S(bytes, set.get())));
    }
    if (errno != EINVAL) break;
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

std::string cpu_name() {
  std::string name = brand_string();
  if (name.empty()) name = cpuinfo_name();
  return name.empty() ? "unknown CPU" : name;
}

unsigned usable_cores() {
  const unsigned cores = affinity_cores();
  const auto quota = cgroup_cpu_quota();
  if (!quota || *quota >= cores) return cores;
  return std::max(1U, static_cast<unsigned>(std::ceil(*quota)));
}

size_t l2_cache_bytes() {
  constexpr size_t kUnknown = size_t{1} << 20U;
#if defined(_SC_LEVEL2_CACHE_SIZE)
  const long bytes = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (bytes > 0) return static_cast<size_t>(bytes);
#endif
  std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index2/size");  // "2048K"
  size_t kib = 0;
  return file >> kib && kib > 0 ? kib * 1024 : kUnknown;
}

}  // namespace simdclip
