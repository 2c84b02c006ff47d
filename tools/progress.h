// A progress bar on stderr, on a terminal only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace simdclip::tools {

class Progress {
 public:
  // unit: "pictures", or "MB" with amounts in bytes.
  Progress(std::string unit, uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(uint64_t done);  // draws at once, then ten times a second at most

  // Wipes a bar that stands on the line, before something else is written there.
  static void clear_line();

 private:
  void draw(uint64_t done);

  std::string unit_;
  uint64_t total_;
  double divisor_;
  bool enabled_;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace simdclip::tools
