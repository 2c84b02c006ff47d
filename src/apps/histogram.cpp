#include <algorithm>
#include <charconv>
#include <cmath>

#include "apps/markup.h"
#include "simdclip/score.h"

namespace simdclip {
namespace {

constexpr double kWidth = 640, kHeight = 320, kLeft = 50, kRight = 20, kTop = 40, kBottom = 40;

// By to_chars: whatever the process's locale, SVG has points.
std::string number(double value, int digits = 2) {
  char buffer[400];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits).ptr};
}

std::string short_number(double value) {
  char buffer[48];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 4).ptr};
}

std::string label(double x, double y, const std::string& text, const char* anchor, int size = 12) {
  return "<text x=\"" + number(x, 1) + "\" y=\"" + number(y, 1) + "\" text-anchor=\"" + anchor +
         "\" font-size=\"" + std::to_string(size) + "\">" + markup_escaped(text) + "</text>\n";
}

}  // namespace

std::string histogram_svg(std::span<const double> values, const std::string& title, size_t bins) {
  const size_t n = values.size();
  if (bins == 0) bins = std::clamp<size_t>(static_cast<size_t>(std::sqrt(static_cast<double>(n)) * 2), 8, 60);
  double low = n == 0 ? 0 : *std::min_element(values.begin(), values.end()),
         high = n == 0 ? 1 : *std::max_element(values.begin(), values.end());
  if (!(high > low)) {
    low -= 0.5;
    high += 0.5;
  }
  std::vector<size_t> counts(bins);
  for (const double value : values) {
    const double place = (value - low) / (high - low) * static_cast<double>(bins);
    ++counts[std::min(bins - 1, static_cast<size_t>(place))];
  }
  const size_t most = std::max<size_t>(1, *std::max_element(counts.begin(), counts.end()));
  const double plot_width = kWidth - kLeft - kRight, plot_height = kHeight - kTop - kBottom;
  const auto x_of = [&](double value) { return kLeft + (value - low) / (high - low) * plot_width; };
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 320\" font-family=\"sans-serif\">\n"
      "<rect width=\"640\" height=\"320\" fill=\"white\"/>\n";
  const Interval mean = bootstrap_mean(values);
  out += label(kLeft, 24,
               title + ": n = " + std::to_string(n) + ", mean " + short_number(mean.mean) +
                   " (95 %: " + short_number(mean.low) + " to " + short_number(mean.high) + ")",
               "start", 14);
  for (size_t i = 0; i < bins; ++i) {
    const double height = static_cast<double>(counts[i]) / static_cast<double>(most) * plot_height,
                 step = plot_width / static_cast<double>(bins);
    out += "<rect x=\"" + number(kLeft + static_cast<double>(i) * step) + "\" y=\"" +
           number(kTop + plot_height - height) + "\" width=\"" + number(step * 0.94) + "\" height=\"" +
           number(height) + "\" fill=\"#4878a8\"><title>" + std::to_string(counts[i]) + "</title></rect>\n";
  }
  if (n > 0) {
    out += "<line x1=\"" + number(x_of(mean.mean)) + "\" x2=\"" + number(x_of(mean.mean)) +
           "\" y1=\"40\" y2=\"280\" stroke=\"#c04040\" stroke-width=\"2\"/>\n";
  }
  out += "<line x1=\"50\" x2=\"620\" y1=\"280\" y2=\"280\" stroke=\"black\"/>\n";
  for (int i = 0; i <= 4; ++i) {
    const double value = low + (high - low) * i / 4;
    out += label(x_of(value), kHeight - kBottom + 18, short_number(value), "middle");
  }
  out += label(kLeft - 6, kTop + 10, std::to_string(most), "end") +
         label(kLeft - 6, kHeight - kBottom, "0", "end");
  return out + "</svg>\n";
}

}  // namespace simdclip
