// Each mistake ends the program with status 3 and one line that names the thing, where it stands and what
// would be right.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <limits>

#include "core/settings/printable.h"
#include "tests/cli/speclab.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_models.h"

namespace speclab {
namespace {

namespace fs = std::filesystem;

struct Mistake {
  const char* name;
  std::string config;                  // of c.toml
  std::vector<std::string> fragments;  // of the message
  std::vector<std::string> arguments = {"run", "c.toml"};
  void (*prepare)() = nullptr;  // runs in the test's folder
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

std::vector<std::string> set(const std::string& assignment) { return {"run", "c.toml", "--set", assignment}; }

// Speculation by n-grams for a checkpoint: five lines.
const std::string kModel = R"(target.path = "target"
drafter.kind = "ngram"
workload.prompts = "prompts.jsonl"
workload.max_new_tokens = 4
clock.repeats = 1
)";
const std::string kPair = R"(target.path = "target"
draft.path = "draft"
workload.prompts = "prompts.jsonl"
workload.max_new_tokens = 4
clock.repeats = 1
)";
const std::string kPriced = R"(target.kind = "hashed"
drafter.kind = "ngram"
)";

void prompts() {
  write("prompts.jsonl", "{\"text\": \"one two\"}\n{\"text\": \"three\", \"kind\": \"x\"}\n");
}
void model() {
  prompts();
  write_model("target", "gpt2");
}
void spoiled(void (*spoil)(LlamaConfig&, std::vector<StoredTensor>&)) {
  prompts();
  write_model("target", "gpt2", spoil);
}

const std::vector<Mistake> kCommandLine = {
    {"no_such_command",
     "",
     {"'swep'", "did you mean 'sweep'", "list, run, sweep, certify, report, answer"},
     {"swep"}},
    {"no_such_option", "", {"'--bogus'", "`speclab run --help`"}, {"run", "--bogus"}},
    {"two_configs", kSynthetic, {"too many", "`speclab run --help`"}, {"run", "c.toml", "c.toml"}},
    {"no_config", "", {"which config", "speclab run CONFIG.toml"}, {"run"}},
    {"no_config_to_sweep", "", {"which config", "speclab sweep CONFIG.toml"}, {"sweep"}},
    {"no_file_to_report", "", {"which file", "speclab report FILE"}, {"report"}},
    {"missing_config", "", {"nowhere.toml", "no such config file"}, {"run", "nowhere.toml"}},
    {"misspelt_config", "", {"d.toml", "no such config file", "did you mean 'c.toml'"}, {"run", "d.toml"}},
    {"folder_as_config", "", {".", "is a folder", "one config file"}, {"run", "."}},
    {"pipe_as_config",
     "",
     {"pipe", "regular file"},
     {"run", "pipe"},
     [] { ASSERT_EQ(mkfifo("pipe", 0600), 0); }},
    {"set_twice",
     kSynthetic,
     {"--set topology.length", "gives it already"},
     {"run", "c.toml", "--set", "topology.length=3", "--set", "topology.length=4"}},
    {"device_twice",
     kSynthetic,
     {"--set target.device", "--device gives it already"},
     {"run", "c.toml", "--set", "target.device=cpu", "--device", "cpu"}},
    {"set_to_nothing", kSynthetic, {"topology.length=", "value is missing"}, set("topology.length=")},
    {"name_by_set", kSynthetic, {"--set", "a/b", "plain name"}, set("experiment=a/b")},
    {"results_in_a_file",
     kSynthetic,
     {"taken: is a file, so there can be no folder taken; give results a folder"},
     {"run", "c.toml", "-o", "taken"},
     [] { write("taken", ""); }},
    {"answer_in_a_file",
     kSynthetic,
     {"taken: is a file, so there can be no folder taken; give results a folder"},
     {"answer", "c.toml", "-o", "taken"},
     [] { write("taken", ""); }},
    {"certificate_in_a_file",
     kSynthetic,
     {"taken: is a file, so there can be no folder taken; give results a folder"},
     {"certify", "c.toml", "-o", "taken"},
     [] { write("taken", ""); }},
    {"results_nowhere", kSynthetic, {"--results '' names no folder"}, {"run", "c.toml", "-o", ""}},
    {"sweep_nowhere", kSynthetic, {"--results '' names no folder"}, {"sweep", "c.toml", "-o", ""}},
    {"certificate_nowhere", kSynthetic, {"--results '' names no folder"}, {"certify", "c.toml", "-o", ""}},
    {"answer_nowhere", kSynthetic, {"--results '' names no folder"}, {"answer", "c.toml", "-o", ""}},
    {"results_below_a_file",
     kSynthetic,
     {"taken: is a file, so there can be no folder taken/a/b"},
     {"sweep", "c.toml", "-o", "taken/a/b"},
     [] { write("taken", ""); }},
    {"missing_result", "", {"nothing.h5", "there is no such file"}, {"report", "nothing.h5"}},
    {"damaged_result",
     "",
     {"junk.h5", "no HDF5 file"},
     {"report", "junk.h5"},
     [] { write("junk.h5", "junk"); }},
    {"empty_results",
     "",
     {"empty", "there is no result file in this folder"},
     {"report", "empty"},
     [] { fs::create_directory("empty"); }},
    {"nothing_to_list",
     "",
     {"'divices'", "did you mean 'devices'", "drafters, topologies"},
     {"list", "divices"}},
    {"negative_jobs", kSynthetic, {"--jobs", "-2", "at least 0"}, {"sweep", "c.toml", "--jobs", "-2"}},
    {"jobs_no_number",
     kSynthetic,
     {"--jobs", "'x'", "`speclab sweep --help`"},
     {"sweep", "c.toml", "--jobs", "x"}},
    {"negative_texts", kSynthetic, {"--text", "-1", "at least 0"}, {"run", "c.toml", "--text", "-1"}},
    {"set_without_value", kSynthetic, {"topology.length", "section.key=value"}, set("topology.length")},
    {"set_without_section", kSynthetic, {"length=3", "section.key=value"}, set("length=3")},
    {"set_of_no_section", kSynthetic, {"'topolgy'", "did you mean 'topology'"}, set("topolgy.length=3")},
    {"set_of_no_setting",
     kSynthetic,
     {"topology.lenght", "did you mean 'length'", "known: kind (method), length (k, gamma", "(--set)"},
     set("topology.lenght=3")},
    {"set_twice_under_two_names",
     kSynthetic,
     {"topology.gamma", "length", "both set", "(--set)"},
     {"run", "c.toml", "--set", "topology.length=3", "--set", "topology.gamma=3"}},
    {"set_of_several", kSynthetic, {"topology.length", "speclab sweep"}, set("topology.length=1,2")},
    {"range_backwards",
     kSynthetic,
     {"topology.length = \"8..1\" is not a whole number; a range begins with its smaller end: 1..8 (--set)"},
     set("topology.length=8..1")},
    {"range_without_end", kSynthetic, {"two dots between, such as 1..8"}, set("topology.length=1..")},
    {"range_of_three_dots", kSynthetic, {"two dots between, such as 1..8"}, set("topology.length=1...4")},
    {"range_of_letters", kSynthetic, {"two dots between, such as 1..8"}, set("topology.length=a..b")},
    {"range_of_widths",
     kSynthetic,
     {"topology.widths", "smaller end: 1..3"},
     {"run", "c.toml", "--set", "topology.kind=layered", "--set", "topology.widths=3..1"}},
    {"range_of_fractions",
     kSynthetic,
     {"sampling.temperature = \"0.1..0.5\" is not a number", "a whole number at each end"},
     set("sampling.temperature=0.1..0.5")},
    {"set_to_a_date", kSynthetic, {"--set", "dates and times"}, set("topology.length=1979-05-27")},
};

const std::vector<Mistake> kToml = {
    {"malformed", "[target\n", {"c.toml:1", "expected ']'"}},
    {"no_utf8", "\xff\xfe", {"c.toml:1", "UTF-8"}},
    {"key_twice", kSynthetic + "target.kind = \"markov\"\n", {"c.toml:5", "cannot redefine"}},
    {"unknown_section",
     kSynthetic + "[worklod]\nrequests = 1\n",
     {"c.toml:5", "'worklod'", "did you mean 'workload'", "known: target, draft, drafter"}},
    {"unknown_key",
     kSynthetic + "[topology]\nlenght = 2\n",
     {"topology.lenght", "did you mean 'length'", "known: kind (method), length (k, gamma", "c.toml:6"}},
    {"no_section", "workload = 3\n", {"c.toml:1", "write [workload]"}},
    {"date", kSynthetic + "[workload]\nbatch = 1\nrequests = 1979-05-27\n", {"c.toml:7", "dates and times"}},
    {"date_in_a_list",
     kSynthetic + "[topology]\nwidths = [1,\n 1979-05-27]\n",
     {"c.toml:7", "dates and times"}},
    {"name_no_text", "experiment = 3\n", {"c.toml:1", "experiment", "name"}},
    {"name_with_slash", "experiment = \"a/b\"\n" + kSynthetic, {"c.toml", "a/b", "plain name"}},
    {"name_that_drives_a_terminal",
     "experiment = \"a\\u001B[2J\"\n" + kSynthetic,
     {"c.toml", "a\xef\xbf\xbd[2J", "plain name", "control characters"}},
    {"name_of_two_lines", "experiment = \"a\\nb\"\n" + kSynthetic, {"plain name", "control characters"}},
    {"name_with_a_control_of_latin_1",
     "experiment = \"a\\u009B2J\"\n" + kSynthetic,
     {"plain name", "control characters"}},
    {"name_of_a_folder_above", "experiment = \"..\"\n" + kSynthetic, {"c.toml", "..", "plain name"}},
    {"sweep_no_table", "sweep = 3\n", {"c.toml:1", "table of axes"}},
    {"axis_no_list",
     kSynthetic + "[sweep]\ntopology.length = 4\n",
     {"c.toml:6", "sweep.topology.length", "list of values"}},
    {"axis_empty",
     kSynthetic + "[sweep]\ntopology.length = []\n",
     {"c.toml:6", "sweep.topology.length", "list of values"}},
    {"axis_of_sections_no_tables",
     kSynthetic + "[sweep]\ntopology = [1]\n",
     {"c.toml:6", "sweep.topology", "kind = \"chain\""}},
    {"axis_of_no_section",
     kSynthetic + "[sweep]\ntopolgy.length = [1]\n",
     {"c.toml:6", "did you mean 'topology'"}},
    {"axis_of_no_setting",
     kSynthetic + "[sweep]\ntopology.lenght = [1]\n",
     {"topology.lenght", "did you mean 'length'", "c.toml:6"},
     {"sweep", "c.toml"}},
    {"key_that_drives_a_terminal",
     kSynthetic + "[topology]\n\"x\\u001B[2J\\u009B2J\\rspeclab: \\nnote\" = 1\n",
     {"topology.x\xef\xbf\xbd[2J\xef\xbf\xbd"
      "2J\xef\xbf\xbdspeclab: \xef\xbf\xbdnote is not a setting here"}},
    {"axis_value",
     kSynthetic + "[topology]\nlength = 3\n[sweep]\ntopology.length = [4, -1]\n",
     {"topology.length = -1", "at least 1", "c.toml:8"},
     {"sweep", "c.toml"}},
    {"axis_of_sections_value",
     kSynthetic + "[sweep]\ntopology = [\n  { length = 0 }]\n",
     {"topology.length = 0", "at least 1", "c.toml:6"},
     {"sweep", "c.toml"}},
    {"skip_if_no_list", "skip_if = 3\n" + kSynthetic, {"c.toml:1", "skip_if", "list of tables"}},
    {"skip_if_misspelt",
     "skip_if = [{ when = { \"drafter.kind\" = \"x\" }, reson = \"r\" }]\n" + kSynthetic,
     {"c.toml:1", "skip_if", "reason"}},
    {"skip_if_always", "skip_if = [{ when = {}, reason = \"r\" }]\n" + kSynthetic, {"c.toml:1", "skip_if"}},
    {"skip_if_of_no_section",
     "skip_if = [{ when = { \"draftr.kind\" = 1 }, reason = \"r\" }]\n" + kSynthetic,
     {"c.toml:1", "'draftr'", "did you mean 'draft'"}},
    {"skip_if_of_no_setting",
     "skip_if = [{ when = { \"topology.gama\" = 1 }, reason = \"r\" }]\n" + kSynthetic,
     {"c.toml:1", "\"topology.gama\" is no setting", "did you mean 'gamma'?"}},
    {"skip_if_without_quotes",
     "skip_if = [{ when = { drafter.kind = 1 }, reason = \"r\" }]\n" + kSynthetic,
     {"c.toml:1", "in quotes", "\"drafter.kind\""}},
};

const std::vector<Mistake> kSettings = {
    {"text_for_number",
     kSynthetic + "workload.requests = \"a\"\n",
     {"workload.requests = \"a\"", "whole number", "c.toml:5"}},
    {"fraction",
     kSynthetic + "workload.requests = 2.5\n",
     {"workload.requests = 2.5", "whole number", "c.toml:5"}},
    {"list_for_number",
     kSynthetic + "workload.requests = [1, 2]\n",
     {"workload.requests = [1,2]", "whole number", "c.toml:5"}},
    {"number_for_flag",
     kSynthetic + "workload.ignore_eos = 1\n",
     {"workload.ignore_eos = 1", "true or false", "c.toml:5"}},
    {"number_for_text", kSynthetic + "rule.kind = 1\n", {"rule.kind", "= '1' is not known", "c.toml:5"}},
    {"truth_for_text", kSynthetic + "rule.kind = true\n", {"rule.kind", "not a string", "c.toml:5"}},
    {"range_in_a_file",
     kSynthetic + "topology.length = \"1..8\"\n",
     {"topology.length = \"1..8\" is not a whole number; a range is a matter of --set", "[sweep]",
      "c.toml:5"}},
    {"huge_number",
     kSynthetic + "workload.requests = 99999999999\n",
     {"workload.requests", "at most 1048576", "c.toml:5"}},
    {"negative_k", kSynthetic + "topology.length = -1\n", {"topology.length = -1", "at least 1", "c.toml:5"}},
    {"zero_k", kSynthetic + "topology.length = 0\n", {"topology.length = 0", "at least 1", "c.toml:5"}},
    {"huge_k",
     kSynthetic + "topology.length = 100000\n",
     {"topology.length = 100000", "at most 1024", "c.toml:5"}},
    {"k_by_set",
     kSynthetic + "topology.length = 4\n",
     {"topology.length = -1", "(--set)"},
     set("topology.length=-1")},
    {"two_names",
     kSynthetic + "topology.length = 4\ntopology.gamma = 4\n",
     {"topology.gamma", "length", "both set"}},
    {"negative_temperature",
     kSynthetic + "sampling.temperature = -1\n",
     {"sampling.temperature = -1", "at least 0", "c.toml:5"}},
    {"no_tokens",
     kSynthetic + "workload.max_new_tokens = 0\n",
     {"workload.max_new_tokens = 0", "at least 1", "c.toml:5"}},
    {"unknown_target",
     "target.kind = \"hash\"\n",
     {"target.kind = 'hash'", "checkpoint, random, hashed, markov", "c.toml:1"}},
    {"unknown_drafter",
     "target.kind = \"hashed\"\ndrafter.kind = \"ngrams\"\n",
     {"drafter.kind = 'ngrams'", "did you mean 'ngram'", "there are: none, model", "c.toml:2"}},
    {"unknown_rule",
     kSynthetic + "rule.kind = \"greddy\"\n",
     {"rule.kind = 'greddy'", "did you mean 'greedy'", "c.toml:5"}},
    {"unknown_topology",
     kSynthetic + "topology.kind = \"chian\"\n",
     {"topology.kind = 'chian'", "did you mean 'chain'", "c.toml:5"}},
    {"orphan",
     kSynthetic + "topology.kind = \"paths\"\ntopology.paths = [[0], [0, 0, 0]]\n",
     {"topology.paths", "parent"}},
    {"unknown_device",
     kPriced + "price.device = \"h100-smx\"\nprice.target = \"llama-3.1-8b\"\n",
     {"no device 'h100-smx'", "nearest: h100-sxm"}},
    {"unknown_shape",
     kPriced + "price.device = \"h100-sxm\"\nprice.target = \"llama-3.1-9b\"\n",
     {"no model shape 'llama-3.1-9b'", "nearest: llama-3.1-8b"}},
    {"no_price_of_the_draft",
     "target.kind = \"hashed\"\ndrafter.kind = \"agreement\"\nprice.device = \"h100-sxm\"\nprice.target = "
     "\"llama-3.1-8b\"\n",
     {"price.draft is required"}},
    {"clock_without_price",
     kPriced + "clock.kind = \"analytic\"\n",
     {"clock.kind", "needs a [price] section", "c.toml:3"}},
    {"calibrated_by_a_clock_that_measures_nothing",
     kPriced + "price.kind = \"calibrated\"\nclock.kind = \"analytic\"\n",
     {"clock.kind", "measures nothing", "price.kind = 'calibrated'", "'wall'", "c.toml:4"}},
    {"calibrated_as_a_device",
     kPriced + "price.kind = \"calibrated\"\nprice.device = \"h100-sxm\"\n",
     {"price.device", "not a setting here", "c.toml:4"}},
    {"size_chosen_before_passes_are_timed",
     kPriced + "price.kind = \"calibrated\"\ntopology.kind = \"sequoia\"\n",
     {"price.kind = 'calibrated'", "before the point runs", "topology.nodes and topology.depth"}},
    {"no_draft", "target.kind = \"hashed\"\n", {"drafter.kind = 'model'", "needs a [draft] section"}},
    {"draft_of_another_vocabulary",
     "target.kind = \"hashed\"\ndraft.kind = \"hashed\"\ndraft.vocab = 99\n",
     {"99 tokens", "the target's 16", "must be the same"}},
};

const std::vector<Mistake> kModels = {
    {"no_path", "", {"target.path is required", "model folder"}},
    {"no_folder",
     "target.path = \"nowhere\"\n",
     {"target.path = \"nowhere\"", "no such file", "working folder"}},
    {"no_weights",
     kModel,
     {"target", "safetensors"},
     {"run", "c.toml"},
     [] { model(), fs::remove("target/model.safetensors"); }},
    {"a_file_as_the_model",
     "target.path = \"model.gguf\"\n",
     {"model.gguf: is a GGUF file"},
     {"run", "c.toml"},
     [] { write("model.gguf", "GGUF"); }},
    {"an_empty_folder",
     kModel,
     {"target: is an empty folder"},
     {"run", "c.toml"},
     [] { prompts(), fs::create_directory("target"); }},
    {"an_adapter",
     kModel,
     {"target: is an adapter", "merge_and_unload"},
     {"run", "c.toml"},
     [] { model(), write("target/adapter_config.json", "{}"), fs::remove("target/model.safetensors"); }},
    {"an_adapter_beside_a_model",
     kModel,
     {"target: has an adapter_config.json beside the model's weights", "merge_and_unload"},
     {"run", "c.toml"},
     [] { model(), write("target/adapter_config.json", "{}"); }},
    {"pickled_weights_beside_settings_of_training",
     kModel,
     {"target: has weights as PyTorch pickles them (pytorch_model.bin)"},
     {"run", "c.toml"},
     [] {
       model(), fs::rename("target/model.safetensors", "target/pytorch_model.bin");
       write("target/training_args.bin", ""), write("target/optimizer.pt", "");
     }},
    {"pickled_weights",
     kModel,
     {"target: has weights as PyTorch pickles them (pytorch_model.bin)", "save_pretrained",
      "safe_serialization"},
     {"run", "c.toml"},
     [] { model(), fs::rename("target/model.safetensors", "target/pytorch_model.bin"); }},
    {"a_sentencepiece_tokenizer",
     kModel,
     {"target: has a tokenizer as tokenizer.model, but no tokenizer.json", "AutoTokenizer"},
     {"run", "c.toml"},
     [] { model(), fs::rename("target/tokenizer.json", "target/tokenizer.model"); }},
    {"another_architecture",
     kModel,
     {"target/config.json", "architecture 'RwkvForCausalLM' cannot be run"},
     {"run", "c.toml"},
     [] {
       model();
       write("target/config.json", "{\"architectures\": [\"RwkvForCausalLM\"]}");
       fs::remove("target/tokenizer.json");
     }},
    {"quantized_weights",
     kModel,
     {"target: has a quantize_config.json", "quantized"},
     {"run", "c.toml"},
     [] { model(), write("target/quantize_config.json", "{}"); }},
    {"no_config_of_the_model",
     kModel,
     {"target/config.json", "there is no such file"},
     {"run", "c.toml"},
     [] { model(), fs::remove("target/config.json"); }},
    {"no_tokenizer",
     kModel,
     {"target/tokenizer.json: there is no such file", "save_pretrained"},
     {"run", "c.toml"},
     [] { model(), fs::remove("target/tokenizer.json"); }},
    {"malformed_tokenizer",
     kModel,
     {"target/tokenizer.json"},
     {"run", "c.toml"},
     [] { model(), write("target/tokenizer.json", "{\"model\": "); }},
    {"truncated_weights",
     kModel,
     {"target/model.safetensors", "bytes"},
     {"run", "c.toml"},
     [] { model(), fs::resize_file("target/model.safetensors", 100000); }},
    {"truncated_header",
     kModel,
     {"target/model.safetensors", "header"},
     {"run", "c.toml"},
     [] { model(), fs::resize_file("target/model.safetensors", 100); }},
    {"empty_weights",
     kModel,
     {"target/model.safetensors"},
     {"run", "c.toml"},
     [] { model(), fs::resize_file("target/model.safetensors", 0); }},
    {"wrong_shape",
     kModel,
     {"target", "lm_head.weight", "(640, 43)", "(640, 44)"},
     {"run", "c.toml"},
     [] {
       spoiled([](LlamaConfig&, std::vector<StoredTensor>& all) {
         StoredTensor& head = tensor(all, "lm_head.weight");
         head.shape[1] = 43;
         head.bytes.resize(640 * 43 * sizeof(float));
       });
     }},
    {"missing_tensor",
     kModel,
     {"target", "lm_head.weight"},
     {"run", "c.toml"},
     [] { spoiled([](LlamaConfig&, std::vector<StoredTensor>& all) { all.pop_back(); }); }},
    {"mixed_dtypes",
     kModel,
     {"target", "lm_head.weight", "F16", "F32"},
     {"run", "c.toml"},
     [] {
       spoiled([](LlamaConfig&, std::vector<StoredTensor>& all) {
         StoredTensor& head = tensor(all, "lm_head.weight");
         head.dtype = Dtype::f16;
         head.bytes.assign(640 * 44 * 2, std::byte{0});
       });
     }},
    {"nan_weight",
     kModel,
     {"target", "mlp.up_proj.weight", "holds nan"},
     {"run", "c.toml"},
     [] {
       spoiled([](LlamaConfig&, std::vector<StoredTensor>& all) {
         set_floats(tensor(all, "model.layers.1.mlp.up_proj.weight"),
                    std::numeric_limits<float>::quiet_NaN());
       });
     }},
    {"tokenizer_of_another_model",
     kModel,
     {"prompts.jsonl:1", "vocabulary of 60", "another model"},
     {"run", "c.toml"},
     [] {
       prompts();
       write_model("target", "gpt2", [](LlamaConfig& config, std::vector<StoredTensor>& all) {
         config.vocab = 60;
         all = random_tensors(config, Dtype::f32, 1);
       });
     }},
    {"draft_with_another_tokenizer",
     kPair,
     {"draft.path = \"draft\"", "another vocabulary (647", "target's (521)", "token 0 is '",
      "in the draft and '"},
     {"run", "c.toml"},
     [] { model(), write_model("draft", "mistral"); }},
    {"draft_with_fewer_rows",
     kPair,
     {"500 tokens", "the target's 640", "rows of all tokens of their tokenizer"},
     {"run", "c.toml"},
     [] {
       model();
       write_model("draft", "gpt2", [](LlamaConfig& config, std::vector<StoredTensor>& all) {
         config.vocab = 500;
         all = random_tensors(config, Dtype::f32, 1);
       });
     }},
    {"overflowing_weights",
     kModel,
     {"NaN or infinite", "damaged"},
     {"run", "c.toml"},
     [] {
       spoiled([](LlamaConfig&, std::vector<StoredTensor>& all) {
         set_floats(tensor(all, "lm_head.weight"), 3e38f);
       });
     }},
    {"agreement_with_a_checkpoint",
     "target.path = \"target\"\nworkload.prompts = \"prompts.jsonl\"\ndrafter.kind = \"agreement\"\n",
     {"drafter.kind", "agreement", "synthetic target", "c.toml:3"},
     {"run", "c.toml"},
     model},
    {"no_prompts",
     "target.path = \"target\"\ndrafter.kind = \"ngram\"\n",
     {"workload.prompts is required", "JSON Lines"},
     {"run", "c.toml"},
     model},
    {"missing_prompts",
     kModel,
     {"workload.prompts = \"prompts.jsonl\"", "no such file"},
     {"run", "c.toml"},
     [] { model(), fs::remove("prompts.jsonl"); }},
    {"empty_prompts",
     kModel,
     {"prompts.jsonl", "no prompt"},
     {"run", "c.toml"},
     [] { model(), write("prompts.jsonl", "\n"); }},
    {"malformed_prompt",
     kModel,
     {"prompts.jsonl:3", "not JSON", "one JSON object on a line"},
     {"run", "c.toml"},
     [] { model(), write("prompts.jsonl", "{\"text\": \"a\"}\n\n{\"text\": \"b\"\n"); }},
    {"prompt_without_text",
     kModel,
     {"prompts.jsonl:1", "\"text\""},
     {"run", "c.toml"},
     [] { model(), write("prompts.jsonl", "{\"messages\": []}\n{\"txt\": \"a\"}\n"); }},
    {"prompt_of_no_tokens",
     kModel,
     {"prompts.jsonl:2", "no tokens"},
     {"run", "c.toml"},
     [] { model(), write("prompts.jsonl", "{\"text\": \"a\"}\n{\"text\": \"\"}\n"); }},
    {"batch_beyond_the_requests",
     kModel,
     {"workload.batch = 3", "2 requests", "workload.requests to 3 or more"},
     set("workload.batch=3"),
     model},
    {"too_many_requests",
     kModel + "workload.requests = 3\n",
     {"workload.requests = 3", "2 prompts of prompts.jsonl", "c.toml:6"},
     {"run", "c.toml"},
     model},
    {"beyond_the_positions",
     kModel,
     {"workload.max_new_tokens = 160", "160 positions", "prompts.jsonl:1", "too_long", "(--set)"},
     set("workload.max_new_tokens=160"),
     model},
};

class BadInput : public testing::TestWithParam<Mistake> {
 protected:
  void SetUp() override { fs::current_path(folder_.path()); }
  void TearDown() override { fs::current_path(home_); }

 private:
  fs::path home_ = fs::current_path();
  TemporaryFolder folder_;
};

TEST_P(BadInput, IsOneClearMessage) {
  const Mistake& mistake = GetParam();
  write("c.toml", mistake.config);
  if (mistake.prepare != nullptr) mistake.prepare();
  const Ended ended = speclab(mistake.arguments);
  EXPECT_EQ(ended.status, 3) << ended.err;
  EXPECT_TRUE(ended.err.starts_with("speclab: ")) << ended.err;
  EXPECT_EQ(lines(ended.err), 1u) << ended.err;
  EXPECT_EQ(ended.err, printable_line(ended.err.substr(0, ended.err.size() - 1)) + "\n");
  EXPECT_EQ(ended.out, "");
  for (const std::string& fragment : mistake.fragments) {
    EXPECT_NE(ended.err.find(fragment), std::string::npos)
        << '"' << fragment << "\" is not in: " << ended.err;
  }
  EXPECT_EQ(ended.err.find("does not hold"), std::string::npos)
      << "an internal check, not a message: " << ended.err;
}

std::string name_of_case(const testing::TestParamInfo<Mistake>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(OfTheCommandLine, BadInput, testing::ValuesIn(kCommandLine), name_of_case);
INSTANTIATE_TEST_SUITE_P(OfToml, BadInput, testing::ValuesIn(kToml), name_of_case);
INSTANTIATE_TEST_SUITE_P(OfSettings, BadInput, testing::ValuesIn(kSettings), name_of_case);
INSTANTIATE_TEST_SUITE_P(OfModels, BadInput, testing::ValuesIn(kModels), name_of_case);

}  // namespace
}  // namespace speclab
