using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Tells what a training step leaves as it is: parameters by name, and the states of layers that have no other.</summary>
static class Frozen
{
    /// <summary>Gives the parameters that are not frozen.</summary>
    /// <exception cref="GraphException">All are.</exception>
    public static ImmutableArray<Expr> Trained(ImmutableArray<Expr> parameters, Func<string, bool>? frozen)
    {
        if (frozen is null)
            return parameters;
        ImmutableArray<Expr> trained = [.. parameters.Where(p => !frozen(Id(p)))];
        return trained.IsEmpty
            ? throw new GraphException(
                $"training: a parameter must be left to train; all are frozen: {ErrorText.List(parameters.Select(Id))}. Freeze fewer."
            )
            : trained;
    }

    /// <summary>Gives the states of layers that have parameters, all of them frozen: "batchnorm1.mean" goes with "batchnorm1.scale" and "batchnorm1.shift".</summary>
    public static HashSet<Expr> States(IEnumerable<Expr> states, ImmutableArray<Expr> parameters, ImmutableArray<Expr> trained)
    {
        var open = trained.Select(Layer).ToHashSet();
        var closed = parameters.Except(trained).Select(Layer).Where(layer => !open.Contains(layer)).ToHashSet();
        return [.. states.Where(s => closed.Contains(Layer(s)))];
    }

    static string Id(Expr leaf) => ((Named)leaf.Op).Id;

    static string Layer(Expr leaf) => Id(leaf) is var id && id.LastIndexOf('.') is var dot and >= 0 ? id[..dot] : id;
}
