using Cv.Compiler;
using Cv.Dsl;

namespace Cv.Benchmarks;

/// <summary>Counts the arithmetic that a graph asks for.</summary>
static class Arithmetic
{
    /// <summary>
    /// Counts the multiplications and additions of products and convolutions, those by images and by weights too; what falls on padding counts as well. All
    /// else, such as normalisation and updates, does not count.
    /// </summary>
    public static double Flops(Graph graph, params (string Symbol, int Value)[] symbols) =>
        BindSymbols.Run(graph, symbols.ToDictionary(s => s.Symbol, s => s.Value)).Nodes.Sum(Flops);

    /// <summary>Counts them for each convolution, by the name of its kernel without epilogue.</summary>
    public static IReadOnlyDictionary<string, double> Convolutions(Graph graph, params (string Symbol, int Value)[] symbols) =>
        BindSymbols
            .Run(graph, symbols.ToDictionary(s => s.Symbol, s => s.Value))
            .Nodes.Where(y => y.Op is Convolution)
            .GroupBy(y => $"{y.Op.Name} {y.Operands[0].Shape} {(y.Op is Conv2dWeights ? $"to {y.Shape}" : $"by {y.Operands[1].Shape}")}")
            .ToDictionary(same => same.Key, same => Flops(same.First()));

    static double Flops(Expr y) =>
        y switch
        {
            (MatMul, [var a, _]) => 2.0 * y.Shape.Size * a.Shape.Dims[^1].Value,
            (Conv2d, [_, var w]) => Taps(y, w),
            (Conv2dInput, [var dy, var w]) => Taps(dy, w),
            (Conv2dWeights, [_, var dy]) => Taps(dy, y),
            _ => 0,
        };

    // each result is a sum over a window, and the channels of a filter
    static double Taps(Expr results, Expr filters) => 2.0 * results.Shape.Size * (filters.Shape.Size / filters.Shape[3].Value);
}
