#include "tools/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <numeric>

namespace simdclip::tools {
namespace {

// CLI11 takes a value like "[a, b]" apart and does not take an empty one after '='; texts may look like that.
// The mark keeps it from seeing them.
constexpr char kMark = '\x01';

void protect(std::vector<std::string>& arguments) {
  const auto risky = [](const std::string& value) {
    return value.empty() || value.front() == '[' || value.front() == kMark;
  };
  std::vector<std::string> out;
  for (std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (argument.starts_with("--") && equals != std::string::npos && risky(argument.substr(equals + 1))) {
      out.push_back(argument.substr(0, equals));
      out.push_back(kMark + argument.substr(equals + 1));
    } else if (!argument.empty() && risky(argument)) {
      out.push_back(kMark + argument);
    } else {
      out.push_back(std::move(argument));
    }
  }
  arguments = std::move(out);
}

std::string unprotected(std::string value) {
  if (!value.empty() && value.front() == kMark) value.erase(0, 1);
  return value;
}

// CLI11 names a list "[PICTURE(1x)]" in its usage line.
std::string with_plain_usage(const std::string& help, const CLI::App& app) {
  std::string usage = "Usage: " + app.get_name() + " [OPTIONS]";
  for (const CLI::Option* option :
       app.get_options([](const CLI::Option* o) { return o->get_positional(); })) {
    usage += " " + option->get_option_text();
  }
  const size_t begin = help.find("Usage: "), end = help.find('\n', begin);
  return begin == std::string::npos ? help : help.substr(0, begin) + usage + help.substr(end);
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, change});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t smallest = word.size() / 3 + 2;  // farther is no misspelling
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < smallest) {
      smallest = distance;
      best = candidate;
    }
  }
  return best;
}

struct Arguments::State {
  CLI::App app;
  std::vector<std::function<void()>> results;  // run after the parse: raw results into the variables

  CLI::Option* option(const std::string& names, const std::string& value_name, const std::string& help) {
    return app.add_option(names)->description(help)->option_text(value_name);
  }
};

Arguments::Arguments(const std::string& command, const std::string& summary, const std::string& examples)
    : state_(std::make_unique<State>()) {
  CLI::App& app = state_->app;
  app.name("simdclip " + command);
  app.description(summary + '\n');
  app.footer("Examples:\n" + examples);
  app.set_help_flag("-h,--help", "This text");
  app.allow_extras();
  app.get_formatter()->column_width(28);
  app.get_formatter()->label("Positionals", "Arguments");
}
Arguments::~Arguments() = default;

void Arguments::flag(const std::string& names, bool& value, const std::string& help) {
  state_->app.add_flag(names, value, help)->disable_flag_override();
}

void Arguments::text(const std::string& names, std::string& value, const std::string& value_name,
                     const std::string& help) {
  CLI::Option* option = state_->option(names, value_name, help)->expected(1);
  state_->results.emplace_back([option, &value] {
    if (option->count() > 0) value = unprotected(option->results().front());
  });
}

void Arguments::list(const std::string& names, std::vector<std::string>& values,
                     const std::string& value_name, const std::string& help) {
  CLI::Option* option = state_->option(names, value_name, help)->expected(1, 1 << 28)->allow_extra_args();
  state_->results.emplace_back([option, &values] {
    for (const std::string& value : option->results()) values.push_back(unprotected(value));
  });
}

void Arguments::number(const std::string& names, unsigned& value, unsigned lowest, unsigned highest,
                       const std::string& help) {
  state_->app.add_option(names, value, help)->check(CLI::Range(lowest, highest))->option_text("N");
}

void Arguments::number(const std::string& names, double& value, double lowest, double highest,
                       const std::string& help) {
  state_->app.add_option(names, value, help)->check(CLI::Range(lowest, highest))->option_text("X");
}

void Arguments::choice(const std::string& names, std::string& value, const std::vector<std::string>& allowed,
                       const std::string& help) {
  std::string shown;
  for (const std::string& one : allowed) shown += (shown.empty() ? "" : "|") + one;
  const auto check = [allowed, shown](const std::string& given) {
    if (std::find(allowed.begin(), allowed.end(), given) != allowed.end()) return std::string();
    return "'" + unprotected(given) + "' is not one of " + shown;
  };
  state_->app.add_option(names, value, help)->check(check)->option_text(shown);
}

void Arguments::parse(std::vector<std::string> arguments) {
  CLI::App& app = state_->app;
  protect(arguments);
  std::reverse(arguments.begin(), arguments.end());
  const std::string see = "; see " + app.get_name() + " --help";
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    throw HelpRequested{with_plain_usage(app.help(), app)};
  } catch (const CLI::ParseError& error) {
    throw UsageError(unprotected(error.what()) + see);
  }
  std::vector<std::string> extras = app.remaining();
  std::erase(extras, "--");  // the mark itself, not an argument
  if (!extras.empty()) {
    const auto unknown =
        std::find_if(extras.begin(), extras.end(), [](const std::string& e) { return e.starts_with("-"); });
    if (unknown == extras.end())
      throw UsageError("unexpected argument '" + unprotected(extras.back()) + "'" + see);
    const std::string word = unknown->substr(0, unknown->find('='));
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) {
      known.insert(known.end(), option->get_lnames().begin(), option->get_lnames().end());
    }
    const std::string guess = word.starts_with("--") ? nearest(word.substr(2), known) : std::string();
    throw UsageError("unknown option '" + word + "'" +
                     (guess.empty() ? "" : "; did you mean --" + guess + "?") + see);
  }
  for (const auto& result : state_->results) result();
}

}  // namespace simdclip::tools
