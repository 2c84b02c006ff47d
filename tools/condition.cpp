#include <optional>

#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

struct Given {
  ModelArguments model;
  std::string second, target, prompt, negative, dialect = "plain", downweight, long_prompts, output;
  std::vector<std::string> embeddings, second_embeddings;
  unsigned clip_skip = 0;
  bool parse_only = false, json = false;
};

Given parse(std::vector<std::string> words) {
  Given given;
  Arguments arguments("condition",
                      "Turn prompts into the tensors that image generators take from CLIP's text towers, "
                      "ready for diffusers: prompt_embeds,\n"
                      "pooled_prompt_embeds and their negatives. SD 1.x, SD 2.x, SDXL (two towers), SD 3 and "
                      "FLUX (their CLIP parts; T5 is not included).",
                      "  simdclip condition --target sd1 --prompt \"a (red:1.3) fox, [blurry]\" --dialect "
                      "a1111 -o fox.safetensors\n"
                      "  simdclip condition -m clip-l.sclip --target sd1 --prompt \"a fox\" --negative "
                      "\"blurry\" --clip-skip 2 -o fox.safetensors\n"
                      "  simdclip condition -m clip-l.sclip --second bigg.sclip --target sdxl --prompt \"a "
                      "fox++ in snow\" --dialect compel -o fox.safetensors\n"
                      "  simdclip condition --prompt \"a (red (fox:1.2))\" --dialect comfyui --parse\n"
                      "  simdclip condition --prompt '(\"a fox++\", \"a forest, mist-\").blend(0.7, 0.3)' "
                      "--dialect compel --parse\n");
  arguments.text("--prompt", given.prompt, "TEXT", "The prompt");
  arguments.text("--negative", given.negative, "TEXT", "The negative prompt (default: empty)");
  arguments.choice("--target", given.target, {"sd1", "sd2", "sdxl", "sd3", "flux"}, "The generator");
  arguments.choice("--dialect", given.dialect, {"plain", "a1111", "comfyui", "compel"},
                   "How weights are written and applied (default: plain, no weights)");
  arguments.choice("--downweight", given.downweight, {"mask", "remove"},
                   "compel: words weighed below 1 are hidden from the others (mask, compel's default) or "
                   "left out (remove)");
  arguments.choice("--long-prompts", given.long_prompts, {"cut", "chunks"},
                   "compel: a prompt longer than the context is cut (compel's default) or split at sentences "
                   "(its truncate_long_prompts=False)");
  arguments.number("--clip-skip", given.clip_skip, 1, 100,
                   "Take the N-th last block's states, 1 the last (default: the target's own)");
  arguments.text("--second", given.second, "MODEL", "The second text tower (OpenCLIP bigG) of sdxl and sd3");
  arguments.list("--embedding", given.embeddings, "NAME=FILE...",
                 "Textual inversions, called by NAME in prompts");
  arguments.list("--second-embedding", given.second_embeddings, "NAME=FILE...",
                 "The same for the second tower");
  arguments.text("-o,--output", given.output, "OUT",
                 "OUT.safetensors; or OUT.npy: a file for each tensor, OUT.prompt_embeds.npy, ...");
  arguments.flag("--parse", given.parse_only, "Only show how the dialect reads the prompt");
  given.model.declare(arguments);
  arguments.flag("--json", given.json, "Print one JSON document");
  arguments.parse(std::move(words));
  if (given.parse_only) return given;
  if (!given.downweight.empty() && given.dialect != "compel")
    throw UsageError("--downweight is of --dialect compel");
  if (!given.long_prompts.empty() && given.dialect != "compel")
    throw UsageError(
        "--long-prompts is of --dialect compel; plain prompts are cut, a1111's and comfyui's become chunks");
  if (given.target.empty()) throw UsageError("no generator; give --target sd1, sd2, sdxl, sd3 or flux");
  if (given.output.empty()) throw UsageError("no output; give -o OUT.safetensors");
  const bool two = given.target == "sdxl" || given.target == "sd3";
  if (two && given.second.empty())
    throw UsageError(given.target +
                     " has two text towers; give the second one, OpenCLIP bigG: --second MODEL");
  if (!two && !given.second.empty())
    throw UsageError(given.target + " has one text tower; --second is for sdxl and sd3");
  return given;
}

void add_embeddings(PromptEncoder& encoder, const std::vector<std::string>& embeddings) {
  for (const std::string& one : embeddings) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UsageError("--embedding takes NAME=FILE, found '" + one + "'");
    encoder.add_embedding(one.substr(0, equals), one.substr(equals + 1));
  }
}

PromptEncoder open_encoder(const ModelArguments& model) {
  ModelOptions options;
  options.threads = model.threads;
  options.isa = model.isa;
  return PromptEncoder::open(find_model(model.model), options);
}

std::string json_pieces(const std::vector<WeightedText>& pieces) {
  return json_list(pieces.size(), [&](size_t i) {
    return "{\"text\": " + json_string(pieces[i].text) + ", \"weight\": " + json_number(pieces[i].weight) +
           ", \"break\": " + (pieces[i].chunk_break ? "true}" : "false}");
  });
}

std::string table_of_pieces(const std::vector<WeightedText>& pieces) {
  std::vector<std::vector<std::string>> rows = {{"weight", "text"}};
  for (const WeightedText& piece : pieces)
    rows.push_back({piece.chunk_break ? "" : json_number(piece.weight),
                    piece.chunk_break ? "BREAK" : shown(piece.text)});
  return table(rows, {0});
}

// Several prompts in one, as compel's .and() and .blend() make them.
void show_parts(const std::vector<CompelPart>& parts, bool json) {
  if (json) {
    return print("{\"parts\": " +
                 json_list(parts.size(),
                           [&](size_t p) {
                             const CompelPart& part = parts[p];
                             return "{\"weight\": " + json_number(part.weight) + ", \"prompts\": " +
                                    json_list(part.prompts.size(),
                                              [&](size_t i) {
                                                return "{\"share\": " + json_number(part.shares[i]) +
                                                       ", \"pieces\": " + json_pieces(part.prompts[i]) + "}";
                                              }) +
                                    "}";
                           }) +
                 "}\n");
  }
  for (size_t p = 0; p < parts.size(); ++p) {
    for (size_t i = 0; i < parts[p].prompts.size(); ++i)
      print("part " + std::to_string(p + 1) + ", weight " + json_number(parts[p].weight) + ", share " +
            json_number(parts[p].shares[i]) + '\n' + table_of_pieces(parts[p].prompts[i]));
  }
}

void show_parse(const Given& given) {
  const PromptDialect dialect = parse_prompt_dialect(given.dialect);
  if (dialect == PromptDialect::compel) {
    const std::vector<CompelPart> parts = parse_compel(given.prompt);
    if (parts.size() > 1 || parts[0].prompts.size() > 1) return show_parts(parts, given.json);
  }
  const auto pieces = parse_prompt(given.prompt, dialect);
  print(given.json ? "{\"pieces\": " + json_pieces(pieces) + "}\n" : table_of_pieces(pieces));
}

// A tower of another width is no mistake of the encoder's, but no generator will take its tensors.
void warn_of_width(const Given& given, const std::vector<const PromptEncoder*>& encoders) {
  const size_t expected[] = {given.target == "sd2" ? size_t{1024} : size_t{768}, size_t{1280}};
  for (size_t i = 0; i < encoders.size(); ++i) {
    if (encoders[i]->width() == expected[i]) continue;
    message("note: " + given.target + "'s text tower" + (i == 0 ? "" : " 2") + " is " +
            std::to_string(expected[i]) + " wide, this one " + std::to_string(encoders[i]->width()) +
            "; only a generator made for it can take these tensors (convert the pipeline's text_encoder)");
  }
}

void write_tensors(const std::string& output, const std::vector<NamedTensor>& tensors) {
  if (!output.ends_with(".npy")) return write_safetensors(output, tensors);
  for (const NamedTensor& tensor : tensors)
    write_npy(output.substr(0, output.size() - 4) + "." + tensor.name + ".npy", tensor.shape, tensor.values);
}

}  // namespace

void condition_command(std::vector<std::string> words) {
  const Given given = parse(std::move(words));
  if (given.parse_only) return show_parse(given);
  PromptEncoder first = open_encoder(given.model);
  add_embeddings(first, given.embeddings);
  std::optional<PromptEncoder> second;
  std::vector<const PromptEncoder*> encoders = {&first};
  if (!given.second.empty()) {
    ModelArguments model = given.model;
    model.model = given.second;
    second.emplace(open_encoder(model));
    add_embeddings(*second, given.second_embeddings);
    encoders.push_back(&*second);
  }
  warn_of_width(given, encoders);
  const auto tensors =
      condition(given.target, encoders, given.prompt, given.negative, parse_prompt_dialect(given.dialect),
                given.clip_skip, given.downweight == "remove" ? Downweight::remove : Downweight::mask,
                given.long_prompts == "chunks" ? LongPrompts::chunks : LongPrompts::cut);
  write_tensors(given.output, tensors);
  const std::string list = listed(
      tensors.size(),
      [&](size_t t) {
        const NamedTensor& tensor = tensors[t];
        const std::string shape =
            json_list(tensor.shape.size(), [&](size_t i) { return std::to_string(tensor.shape[i]); });
        return given.json ? json_string(tensor.name) + ": " + shape
                          : tensor.name + ": float32 " + shape + '\n';
      },
      given.json ? ", " : "");
  print(given.json ? "{\"output\": " + json_string(given.output) + ", \"tensors\": {" + list + "}}\n" : list);
}

}  // namespace simdclip::tools
