#include "experiments/figure_settings.h"

#include "experiments/config_section.h"

namespace speclab {

FigureSettings read_figure(Params& p) {
  FigureSettings settings;
  settings.program =
      p.choose<std::string>({"kind"}, {{"curves", "curves.py"}, {"speedup_over_k", "speedup_over_k.py"}},
                            "curves: any quantity over any other, or bars; speedup_over_k: tokens per step "
                            "and speedup over the tokens "
                            "drafted, which has no settings of its own");
  settings.takes_config = settings.program == "curves.py";
  if (!settings.takes_config) return settings;
  p.required_text({"title"}, "what the figure shows, in its caption");
  p.text({"x"}, "", "a setting or a metric; left out: a bar for each series");
  p.text({"x_label"}, "", "its words; \"\": the name");
  p.flag({"log_x"}, false, "x doubles from tick to tick");
  p.texts({"y"}, {}, "metrics, a row of panels each; required");
  p.texts({"series"}, {}, "settings that tell lines or bars apart; required");
  p.text({"series_label"}, "", "a word before each series' values");
  p.text({"left_out"}, "", "what is cut from the names of series");
  p.text({"panel"}, "", "a setting that tells columns of panels apart, or label, the kind of text");
  p.text({"panel_label"}, "", "a word before each panel's value");
  p.text({"best_over"}, "", "a setting of which each point shows the best, by the first y");
  p.flag({"join"}, true, "points of a series are joined");
  p.text({"ceiling"}, "",
         "the panel that shows what a single drawn guess can win at most; needs certificates");
  settings.certificates = p.flag({"certificates"}, false,
                                 "points are certified too, for distance and overlap as x, y or ceiling");
  return settings;
}

FigureSettings read_figure(const Config& config) {
  Params p = section(config, "figure");
  FigureSettings settings = read_figure(p);
  p.finish();
  return settings;
}

}  // namespace speclab
