using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;
using Cv.Testing;

namespace Cv.Practice;

public static partial class Diagnose
{
    /// <summary>
    /// Looks at each layer of a model in a training step on a batch: dead units, saturation, and histograms of the activations and of the loss's gradients by them.
    /// The model's input comes first, its scores last.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="loss">Gives the scalar loss from scores and labels.</param>
    /// <param name="state">The parameters, of first or trained values; not changed.</param>
    /// <param name="batch">The examples; a hundred show dead units well.</param>
    /// <param name="bars">The bars of each histogram.</param>
    /// <param name="compile">Threads and vector width.</param>
    /// <remarks>CS231n notes, "Activation / gradient distributions per layer".</remarks>
    /// <example><code>var layers = Diagnose.Layers(model, Verbs.SoftmaxCrossEntropy, state, batches.Get(0, 0));</code></example>
    /// <exception cref="BindingException">The batch does not fit the model.</exception>
    public static ImmutableArray<LayerFigures> Layers(
        Model model,
        Func<Expr, Expr, Expr> loss,
        ModelState state,
        Batch batch,
        int bars = 24,
        CompileOptions? compile = null
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(batch);
        var labels = Expr.Input(Training.Labels, new Shape(model.Output.Shape.Dims[..^1]), DType.I32);
        return new LayerProbe(model, loss(model.Output, labels), batch.Count, bars, compile).Look(state, batch);
    }

    /// <summary>Judges what was seen of the layers: dead units, saturation, and whether signals or gradients vanish or explode on their way.</summary>
    /// <param name="layers">The figures of each layer, as <see cref="Layers"/> gives them.</param>
    /// <param name="when">Says at what time they were taken: "at first".</param>
    /// <returns>Three findings: dead units, activations, gradients.</returns>
    /// <remarks>
    /// A tenth of a hidden layer's units dead is a doubt, four tenths a fault, which is what the notes have seen of too high a rate. A signal or a gradient that changes
    /// a hundredfold between hidden layers is a doubt, a thousandfold a fault.
    /// </remarks>
    /// <example><code>foreach (var finding in Diagnose.Judge(layers, "after training")) Console.WriteLine(finding);</code></example>
    public static ImmutableArray<Finding> Judge(ImmutableArray<LayerFigures> layers, string when)
    {
        var hidden = layers.Skip(1).SkipLast(1).ToList();
        return hidden.Count == 0
            ? [new($"layers {when}", Verdict.Pass, "no hidden layers")]
            : [JudgeUnits(hidden, when), JudgeSignals(hidden, when), JudgeGradients(hidden, when)];
    }

    static Finding JudgeUnits(List<LayerFigures> hidden, string when)
    {
        var worst = hidden.MaxBy(l => (double)l.Dead / l.Units)!;
        double dead = (double)worst.Dead / worst.Units;
        var verdict =
            dead >= 0.4 ? Verdict.Fail
            : dead > 0.1 ? Verdict.Inconclusive
            : Verdict.Pass;
        string found = hidden.All(l => l.Dead == 0)
            ? $"none among {hidden.Sum(l => l.Units)}"
            : $"{worst.Dead} of {worst.Units} in {worst.Name}, {hidden.Sum(l => l.Dead)} of {hidden.Sum(l => l.Units)} in all";
        return new(
            $"dead units {when}",
            verdict,
            found,
            verdict == Verdict.Pass
                ? ""
                : "They say the same for every example: lower the learning rate, look at biases and scaling, or take a leaky ReLU."
        );
    }

    static Finding JudgeSignals(List<LayerFigures> hidden, string when)
    {
        string check = $"activations {when}";
        if (hidden.FirstOrDefault(l => !double.IsFinite(l.Deviation)) is { } bad)
            return new(check, Verdict.Fail, $"those of {bad.Name} are not all finite", "Lower the learning rate, or draw smaller weights.");
        var flat = hidden.MaxBy(l => l.Saturated)!;
        if (flat.Saturated > 0.5)
            return new(
                check,
                Verdict.Fail,
                $"{flat.Saturated:P0} of {flat.Name} are in the flat ends of its gate",
                "No gradient passes there: draw smaller weights (Xavier), scale the data, or normalise before the gate."
            );
        double first = Math.Max(hidden[0].Deviation, double.Epsilon);
        var (layer, ratio) = hidden
            .Select(l => (l, Ratio: l.Deviation / first))
            .MaxBy(p => Math.Abs(Math.Log10(Math.Max(p.Ratio, 1e-300))));
        return Spread(
            check,
            ratio,
            $"deviations of {string.Join(", ", hidden.Select(l => Figure(l.Deviation)))}",
            $"The signal {(ratio < 1 ? "vanishes" : "explodes")} on its way to {layer.Name}: He weights for ReLU, Xavier for tanh, or batch norm."
        );
    }

    static Finding JudgeGradients(List<LayerFigures> hidden, string when)
    {
        string check = $"gradients {when}";
        double last = Math.Max(hidden[^1].GradientNorm, double.Epsilon);
        var (layer, ratio) = hidden
            .Select(l => (l, Ratio: l.GradientNorm / last))
            .MaxBy(p => Math.Abs(Math.Log10(Math.Max(p.Ratio, 1e-300))));
        string found = $"norms of {string.Join(", ", hidden.Select(l => Figure(l.GradientNorm)))}";
        if (hidden.All(l => l.GradientNorm == 0) || !double.IsFinite(ratio))
            return new(check, Verdict.Fail, found, "No gradient reaches the hidden layers: are all scores saturated, or all units dead?");
        return Spread(
            check,
            ratio,
            found,
            $"The gradient {(ratio < 1 ? "vanishes" : "explodes")} on its way back to {layer.Name}: other first weights, batch norm, or fewer layers."
        );
    }

    static Finding Spread(string check, double ratio, string found, string advice)
    {
        double decades = Math.Abs(Math.Log10(Math.Max(ratio, 1e-300)));
        return decades switch
        {
            >= 3 => new(check, Verdict.Fail, found, advice),
            >= 2 => new(check, Verdict.Inconclusive, found, advice),
            _ => new(check, Verdict.Pass, found),
        };
    }
}
