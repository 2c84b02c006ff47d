#include <chrono>
#include <fstream>
#include <string>

#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

// The most that was resident, the mapped model included. Not getrusage: its figure survives exec, so that a
// program started by a larger one would report that one's memory.
double peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string field; status >> field;) {
    if (field != "VmHWM:") continue;
    double kib = 0;
    status >> kib;
    return kib * 1024 / 1e6;
  }
  return 0;
}

}  // namespace

void bench_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  BenchOptions options;
  std::string tower = "image", svg;
  unsigned batch = 1, tokens = 10;
  bool json = false;
  Arguments arguments("bench", "Measure one tower of a model on this machine, its input in memory.",
                      "  simdclip bench -m b32.sclip --batch 16\n"
                      "  simdclip bench -m b32.sclip --tower text --batch 32 --tokens 10 --threads 1 --json\n"
                      "  simdclip bench -m b32.sclip --batch 16 --svg roofline.svg\n");
  arguments.choice("--tower", tower, {"image", "text"}, "Which tower (default: image)");
  arguments.number("--batch", batch, 1, 65536, "Items in one call (default: 1)");
  arguments.number("--tokens", tokens, 2, 1U << 20U, "Of each text, begin and end included (default: 10)");
  arguments.number("--secs", options.seconds, 0.01, 3600, "Seconds to measure (default: 2)");
  arguments.text("--svg", svg, "OUT.svg",
                 "Draw a roofline: the tower's layers, the machine's peak and memory (a few seconds more)");
  model_arguments.declare(arguments);
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  options.text = tower == "text";
  options.batch = batch;
  options.tokens = tokens;

  const auto start = std::chrono::steady_clock::now();
  const Model model = model_arguments.open();
  const double load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const BenchResult r = bench(model, options);
  const double memory_mb = peak_memory_mb();  // the roofline's own memory is no part of it
  if (!svg.empty()) {
    write_roofline(svg, roofline(model, options, r),
                   model.info().name + ", " + model.info().precision + ", " + tower + " tower, batch " +
                       std::to_string(batch) + "; " + system_info().cpu + ", " + r.isa + ", " +
                       std::to_string(r.threads) + " threads");
  }
  const std::string fraction = r.peak_gflops > 0 ? json_number(r.peak_fraction) : "null";
  if (json) {
    print("{\"tower\": " + json_string(tower) + ", \"batch\": " + std::to_string(batch) +
          ", \"threads\": " + std::to_string(r.threads) + ", \"items_per_s\": " + json_number(r.items_per_s) +
          ", \"ms\": " + json_number(r.ms) + ", \"gflops\": " + json_number(r.gflops) +
          ", \"peak_gflops\": " + (r.peak_gflops > 0 ? json_number(r.peak_gflops) : "null") +
          ", \"peak_fraction\": " + fraction + ", \"isa\": " + json_string(r.isa) +
          ", \"precision\": " + json_string(model.info().precision) +
          ", \"cpu\": " + json_string(system_info().cpu) + ", \"rss_mb\": " + json_number(memory_mb) +
          ", \"load_ms\": " + json_number(load_ms) + ", \"calls\": " + std::to_string(r.calls) + "}\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {
      {"machine", system_info().cpu + ", " + r.isa + ", " + std::to_string(r.threads) + " threads"},
      {"model", shown(model.info().name) + ", " + model.info().precision},
      {"work", tower + " tower, batch " + std::to_string(batch) +
                   (options.text ? ", " + std::to_string(tokens) + " tokens" : "")},
      {"items/s", fixed(r.items_per_s, 1)},
      {"ms per call", fixed(r.ms, 2) + " (median of " + std::to_string(r.calls) + ")"},
      {"GFLOP/s", fixed(r.gflops, 1)},
  };
  if (r.peak_gflops > 0)
    rows.push_back(
        {"peak", fixed(r.peak_gflops, 1) + " GFLOP/s, of which " + fixed(100 * r.peak_fraction, 1) + " %"});
  rows.push_back({"memory", fixed(memory_mb, 1) + " MB at most"});
  rows.push_back({"opening", fixed(load_ms, 2) + " ms"});
  print(table(rows));
}

}  // namespace simdclip::tools
