#include "tools/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tools/output.h"

namespace simdclip::tools {
namespace {

constexpr std::chrono::milliseconds kInterval(100);

bool bar_on_line = false;

bool terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && (term == nullptr || std::strcmp(term, "dumb") != 0);
}

size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// "1:02:03" or "2:03"
std::string duration(double seconds) {
  const auto s = static_cast<unsigned long long>(std::clamp(seconds, 0.0, 359999.0) + 0.5);
  char text[32];
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%llu:%02llu", s / 60, s % 60);
  }
  return text;
}

}  // namespace

Progress::Progress(std::string unit, uint64_t total)
    : unit_(std::move(unit)),
      total_(total),
      divisor_(unit_ == "MB" ? 1e6 : 1.0),
      enabled_(total > 0 && terminal()),
      start_(std::chrono::steady_clock::now()),
      last_(start_ - kInterval) {}

Progress::~Progress() { clear_line(); }

void Progress::clear_line() {
  if (!bar_on_line) return;
  std::fputs("\r\x1b[K", stderr);
  bar_on_line = false;
}

void Progress::update(uint64_t done) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kInterval) return;
  last_ = now;
  draw(done);
}

void Progress::draw(uint64_t done) {
  const double seconds = std::chrono::duration<double>(last_ - start_).count();
  const double rate = static_cast<double>(done) / seconds;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
  const int digits = divisor_ > 1 ? 1 : 0;
  std::string text = " " + fixed(share * 100, 0) + " %  " +
                     fixed(static_cast<double>(done) / divisor_, digits) + "/" +
                     fixed(static_cast<double>(total_) / divisor_, digits) + " " + unit_ + "  " +
                     fixed(rate / divisor_, rate / divisor_ < 100 ? 1 : 0) + " " + unit_ + "/s";
  if (done > 0)
    text += "  " + duration(static_cast<double>(total_ - std::min(done, total_)) / rate) + " left";
  const size_t width = terminal_width();
  std::string bar;
  if (width > text.size() + 14) {
    const size_t cells = std::min<size_t>(40, width - text.size() - 4);
    const auto filled = static_cast<size_t>(share * static_cast<double>(cells));
    bar = "[" + std::string(filled, '#') + std::string(cells - filled, '.') + "]";
  }
  std::fprintf(stderr, "\r\x1b[K%s%s", bar.c_str(),
               text.substr(0, width - 1 - std::min(width - 1, bar.size())).c_str());
  std::fflush(stderr);
  bar_on_line = true;
}

}  // namespace simdclip::tools
