// The picture of a roofline: operations per byte across, operations per second up, both by powers of two or
// ten.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/atomic_file.h"
#include "simdclip/bench.h"

namespace simdclip {
namespace {

constexpr double kWidth = 860, kLeft = 80, kRight = 830, kTop = 60, kBottom = 440;

std::string number(double value, int digits) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr;
  return {text, end};
}

// Three digits or so.
std::string shown(double value) { return number(value, value < 10 ? 2 : value < 100 ? 1 : 0); }

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

// A logarithmic axis: [low, high] -> [from, to].
struct Axis {
  double low, high, from, to;
  double at(double value) const {
    return from + (to - from) * (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  }
};

class Svg {
 public:
  explicit Svg(double height, const std::string& title) {
    text_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(kWidth, 0) + " " +
            number(height, 0) + "\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>" +
            escaped(title) + "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  }
  void line(double x1, double y1, double x2, double y2, const std::string& stroke) {
    text_ += "<line x1=\"" + number(x1, 1) + "\" y1=\"" + number(y1, 1) + "\" x2=\"" + number(x2, 1) +
             "\" y2=\"" + number(y2, 1) + "\" " + stroke + "/>\n";
  }
  void words(double x, double y, const std::string& words, const std::string& extra = "") {
    text_ += "<text x=\"" + number(x, 1) + "\" y=\"" + number(y, 1) + "\" " + extra + ">" + escaped(words) +
             "</text>\n";
  }
  void mark(double x, double y, const std::string& label, const char* fill) {
    text_ += "<circle cx=\"" + number(x, 1) + "\" cy=\"" + number(y, 1) + "\" r=\"9\" fill=\"" + fill +
             "\" stroke=\"white\"/>\n";
    words(x, y + 4, label, "text-anchor=\"middle\" font-size=\"11\" font-weight=\"bold\" fill=\"white\"");
  }
  std::string end() && { return std::move(text_) + "</svg>\n"; }

 private:
  std::string text_;
};

// Colours that differ for colour-blind readers too (Okabe and Ito 2008); the numbers tell layers of one
// colour apart.
const char* colour(size_t point) {
  static constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73",
                                             "#8f4d7a", "#7a6400", "#333333"};
  return kColours[point % std::size(kColours)];
}

struct Frame {
  Axis x, y;
};

Frame frame_of(const Roofline& r) {
  double low = 1, high = std::max(1.0, 4 * r.peak_gflops / r.bandwidth_gb), slowest = r.peak_gflops,
         fastest = r.peak_gflops;
  for (const RooflinePoint& p : r.points) {
    low = std::min(low, p.intensity());
    high = std::max(high, 2 * p.intensity());
    slowest = std::min(slowest, p.gflops());
    fastest = std::max(fastest, p.gflops());
  }
  const double floor = std::pow(10, std::floor(std::log10(std::max(slowest, 1e-3))));
  return {{std::exp2(std::floor(std::log2(low))), std::exp2(std::ceil(std::log2(high))), kLeft, kRight},
          {floor, 1.6 * fastest, kBottom, kTop}};
}

void draw_axes(Svg& svg, const Frame& f) {
  const std::string grid = "stroke=\"#dddddd\"", right = "text-anchor=\"end\"",
                    middle = "text-anchor=\"middle\"";
  for (double v = f.x.low; v <= f.x.high * 1.001; v *= 2) {
    svg.line(f.x.at(v), kTop, f.x.at(v), kBottom, grid);
    svg.words(f.x.at(v), kBottom + 18, v < 1 ? "1/" + number(1 / v, 0) : number(v, 0), middle);
  }
  for (double decade = f.y.low; decade <= f.y.high; decade *= 10) {
    for (const double v : {decade, 2 * decade, 5 * decade}) {
      if (v > f.y.high) break;
      svg.line(kLeft, f.y.at(v), kRight, f.y.at(v), grid);
      svg.words(kLeft - 6, f.y.at(v) + 4, v < 1 ? shown(v) : number(v, 0), right);
    }
  }
  svg.words((kLeft + kRight) / 2, kBottom + 40, "operations per byte of weights, input and output", middle);
  const std::string y = number((kTop + kBottom) / 2, 0);
  svg.words(18, (kTop + kBottom) / 2, "1e9 operations per second",
            middle + " transform=\"rotate(-90 18 " + y + ")\"");
}

void draw_roof(Svg& svg, const Frame& f, const Roofline& r) {
  const std::string stroke = "stroke=\"black\" stroke-width=\"2\"";
  const double ridge = r.peak_gflops / r.bandwidth_gb;
  const double from = std::max(f.x.low, f.y.low / r.bandwidth_gb), to = std::clamp(ridge, from, f.x.high);
  svg.line(f.x.at(from), f.y.at(r.limit(from)), f.x.at(to), f.y.at(r.limit(to)), stroke);
  svg.line(f.x.at(to), f.y.at(r.peak_gflops), kRight, f.y.at(r.peak_gflops), stroke);
  svg.words(kRight, f.y.at(r.peak_gflops) - 7, "peak " + shown(r.peak_gflops), "text-anchor=\"end\"");
  svg.words(f.x.at(from) + 18, f.y.at(r.limit(from)) - 8, "memory " + shown(r.bandwidth_gb) + " GB/s");
}

void draw_table(Svg& svg, const Roofline& r) {
  const std::string right = "text-anchor=\"end\"";
  double y = kBottom + 74;
  const auto row = [&](const std::vector<std::string>& cells, const std::string& extra) {
    double x = kLeft + 330;
    for (const std::string& cell : cells) {
      svg.words(x, y + 4, cell, right + extra);
      x += 115;
    }
  };
  row({"operations/byte", "1e9 ops/s", "of the peak", "time, ms"}, " fill=\"#555555\"");
  for (size_t i = 0; i < r.points.size(); ++i) {
    const RooflinePoint& p = r.points[i];
    y += 24;
    svg.mark(kLeft + 10, y, std::to_string(i + 1), colour(i));
    svg.words(kLeft + 28, y + 4, p.name);
    row({shown(p.intensity()), shown(p.gflops()), shown(100 * p.gflops() / r.peak_gflops) + " %",
         shown(p.seconds * 1e3)},
        "");
  }
}

}  // namespace

void write_roofline(const std::string& svg_path, const Roofline& roofline, const std::string& title) {
  Svg svg(kBottom + 110 + 24 * static_cast<double>(roofline.points.size()), title);
  svg.words(kLeft, 32, title, "font-size=\"15\" font-weight=\"bold\"");
  // Without a peak (a CPU that it cannot be measured on) or bandwidth there is a table and no plot.
  if (roofline.peak_gflops > 0 && roofline.bandwidth_gb > 0) {
    const Frame frame = frame_of(roofline);
    draw_axes(svg, frame);
    draw_roof(svg, frame, roofline);
    for (size_t i = 0; i < roofline.points.size(); ++i) {
      const RooflinePoint& p = roofline.points[i];
      svg.mark(frame.x.at(p.intensity()), frame.y.at(p.gflops()), std::to_string(i + 1), colour(i));
    }
  }
  draw_table(svg, roofline);
  const std::string text = std::move(svg).end();
  AtomicFile file(svg_path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

}  // namespace simdclip
