// Time limits that other load on the machine does not break: processor time of this process, all its threads.
#pragma once

#include <ctime>

namespace simdclip::tests {

// Sanitizers make everything slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr double kSlower = 20;
#else
inline constexpr double kSlower = 1;
#endif

inline double cpu_seconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace simdclip::tests
