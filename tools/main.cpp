// simdclip COMMAND: finds the command, runs it, turns exceptions into messages and exit statuses.
#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <string_view>

#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

struct Entry {
  const char* name;
  const char* summary;
  Command* run;
};

constexpr Entry kCommands[] = {
    {"convert", "turn a checkpoint into a .sclip model file", convert_command},
    {"info", "show what a model file holds", info_command},
    {"tokenize", "show the token ids of texts", tokenize_command},
    {"preprocess", "write the pixels that the model sees of a picture", preprocess_command},
    {"embed", "turn pictures, folders or texts into vectors (.npy)", embed_command},
    {"merge", "join what embed --shard wrote", merge_command},
    {"index", "index the pictures of a folder, or bring its index up to date", index_command},
    {"search", "find pictures by words or by a picture", search_command},
    {"graph", "link vectors for approximate search", graph_command},
    {"dups", "group near-duplicates", dups_command},
    {"cluster", "sort pictures into groups of similar ones", cluster_command},
    {"rank", "score texts against pictures", rank_command},
    {"classify", "put pictures into classes that are named by words", classify_command},
    {"compare", "show which parts of a prompt a picture carries", compare_command},
    {"condition", "turn prompts into the tensors that image generators take", condition_command},
    {"interrogate", "turn a picture into a prompt", interrogate_command},
    {"tag", "name what pictures show, from a vocabulary", tag_command},
    {"score", "judge pictures: prompts, quality, aesthetics, distances between folders", score_command},
    {"bench", "measure a model on this machine", bench_command},
    {"accuracy", "compare two files of one model: f32 beside int8", accuracy_command},
};

std::string usage() {
  std::string text =
      "simdclip: CLIP on CPUs at hardware speed\n\nUsage: simdclip COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Entry& entry : kCommands) {
    text += std::string("  ") + entry.name + std::string(12 - std::string_view(entry.name).size(), ' ') +
            entry.summary + '\n';
  }
  return text +
         "\nsimdclip COMMAND --help explains a command, with examples; simdclip --version shows this build.\n"
         "Exit status: 0 done, 1 the input could not be processed, 2 wrong usage.\n"
         "Environment: SIMDCLIP_MODELS (folders of models, separated by colons), SIMDCLIP_DEFAULT_MODEL (a "
         "file),\n"
         "SIMDCLIP_ISA (as --isa).\n";
}

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  return listed(
      parts.size(), [&](size_t i) { return parts[i]; }, separator);
}

std::string version() {
  const SystemInfo system = system_info();
  std::string text = "simdclip " + system.version + "\nCPU: " + system.cpu + ", " +
                     std::to_string(system.cores) + " usable cores\n";
  text += "instruction sets: " + joined(system.isas, ", ") +
          "\nlibraries: " + joined(system.libraries, ", ") + '\n';
  if (!system.missing.empty()) text += "not built in: " + joined(system.missing, "; ") + '\n';
  return text;
}

void run(std::vector<std::string> arguments) {
  if (arguments.empty()) throw UsageError("no command\n\n" + usage());
  const std::string name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") return print(usage());
  if (name == "--version") return print(version());
  std::vector<std::string> names;
  for (const Entry& entry : kCommands) {
    names.emplace_back(entry.name);
    if (name == entry.name) {
      arguments.erase(arguments.begin());
      return entry.run(std::move(arguments));
    }
  }
  const std::string guess = nearest(name, names);
  throw UsageError("unknown command '" + name + "'" + (guess.empty() ? "" : "; did you mean " + guess + "?") +
                   "; see simdclip --help");
}

int guarded(std::vector<std::string> arguments) {
  try {
    try {
      run(std::move(arguments));
    } catch (const HelpRequested& help) {
      print(help.text);
    }
    finish_output();
    return 0;
  } catch (const UsageError& error) {
    message(error.what(), Lines::several);
    return 2;
  } catch (const Error& error) {
    message(error.what(), Lines::several);
    return error.code() == ErrorCode::invalid_argument ? 2 : 1;
  } catch (const std::bad_alloc&) {
    message("out of memory");
  } catch (const std::exception& error) {
    message(error.what());
  }
  return 1;
}

}  // namespace
}  // namespace simdclip::tools

int main(int argc, char** argv) {
  // A file that would grow beyond RLIMIT_FSIZE is an error to be told, like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  return simdclip::tools::guarded(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}
