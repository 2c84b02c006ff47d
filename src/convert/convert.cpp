#include "simdclip/convert.h"

#include <optional>

#include "base/fail.h"
#include "convert/equalize.h"
#include "convert/plan.h"
#include "convert/tensor_map.h"
#include "convert/tensor_source.h"
#include "format/model_writer.h"

namespace simdclip {

void convert(const std::string& source, const std::string& output, const ConvertOptions& options) {
  if (output.empty()) fail(ErrorCode::invalid_argument, "convert: the output is an empty path");
  const SourceFiles files = find_source(source);
  const auto tensors = open_checkpoint(files.weights);
  const ConvertPlan plan = make_plan(files, *tensors, options);
  // Everything that can be refused is refused here, before an output exists.
  write_plan(plan, bind_tensors(plan, *tensors), *tensors, output, options);
}

void write_plan(const ConvertPlan& plan, std::vector<BoundTensor> bound, const TensorSource& tensors,
                const std::string& output, const ConvertOptions& options) {
  const ModelConfig config = kept_config(plan);
  std::erase_if(bound, [&](const BoundTensor& tensor) {
    return tensor.spec.name.starts_with("visual.") ? !config.vision : !config.text;
  });
  if (options.note)
    for (const std::string& note : plan.notes) options.note(note);

  ModelWriter writer(output, config, config.text ? plan.tokenizer : std::vector<std::byte>());
  std::optional<Equalizer> equalizer;
  if (options.equalize && (plan.config.precision == Precision::int8 || !options.input_maxima.empty())) {
    equalizer.emplace(bound, plan, tensors, options.input_maxima);
  }
  std::vector<float> values;
  for (const BoundTensor& tensor : bound) {
    assemble(tensor, plan, tensors, values);
    if (equalizer) equalizer->apply(tensor.spec, values);
    writer.write(tensor.spec, values);
    if (options.progress) options.progress(writer.bytes_done(), writer.bytes_total(), tensor.spec.name);
  }
  writer.commit();
}

}  // namespace simdclip
