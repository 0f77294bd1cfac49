using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>Computes the figures of all layers as one compiled function of parameters and a batch of known size.</summary>
sealed class LayerProbe
{
    const int Outputs = 12;

    readonly IReadOnlyList<(string Name, Expr Node)> _layers;
    readonly CompiledFunction _function;

    public LayerProbe(Model model, Expr loss, int count, int bars, CompileOptions? compile)
    {
        var binding = model.Source.Shape[0].Symbol is { } symbol ? new Dictionary<string, int> { [symbol] = count } : [];
        var graph = new Graph(loss, model.Output, model.Source).ForTraining();
        var (total, scores, source) = (graph.Outputs[0].Bind(binding), graph.Outputs[1].Bind(binding), graph.Outputs[2].Bind(binding));
        _layers = LayerNodes.Of(source, scores);
        var gradients = Gradient.Of(total, [.. _layers.Select(l => l.Node)], Unreached.Zero);
        _function = Compile.Function(
            new Graph([.. _layers.Zip(gradients).SelectMany(p => Figures(p.First.Node, p.Second, bars))]),
            compile
        );
    }

    /// <summary>Runs it.</summary>
    public ImmutableArray<LayerFigures> Look(ModelState state, Batch batch)
    {
        double[][] outputs = _function.Call(state, Patient.Bind(_function, batch)).Numbers();
        return [.. _layers.Select((layer, i) => Read(layer.Name, [.. outputs.Skip(i * Outputs).Take(Outputs)]))];
    }

    static Expr[] Figures(Expr h, Expr dh, int bars)
    {
        int[] places = [.. Enumerable.Range(0, h.Shape.Rank - 1)];
        var saturated = h.Op switch
        {
            Tanh => (h.Abs() > 0.99).Cast(DType.F32).Mean(),
            Sigmoid => ((h - 0.5).Abs() > 0.49).Cast(DType.F32).Mean(),
            _ => h.Like(0),
        };
        return
        [
            h.Min(places, keepDims: false),
            h.Max(places, keepDims: false),
            saturated,
            h.Mean(),
            h.Variance().Sqrt(),
            dh.Pow(2).Sum().Sqrt(),
            .. Histogram.Nodes(h, bars),
            .. Histogram.Nodes(dh, bars),
        ];
    }

    static LayerFigures Read(string name, double[][] o)
    {
        double[] low = o[0],
            high = o[1];
        return new(
            name,
            low.Length,
            low.Zip(high).Count(p => p.First == p.Second),
            o[2][0],
            o[3][0],
            o[4][0],
            o[5][0],
            Histogram.From(o[6][0], o[7][0], o[8]),
            Histogram.From(o[9][0], o[10][0], o[11])
        );
    }
}
