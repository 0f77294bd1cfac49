using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Rebuilds graphs with names in the place of identities: what is written alike, and named alike, is one graph again. Models compare by it.
/// </summary>
static class Canonical
{
    /// <summary>Gives the graph in which each layer is what its name says. Everything must have a name.</summary>
    public static Expr Of(Expr y) => y.Rebuild((e, operands) => Replaced(e, operands, identity => Identity.Of(identity.Name!)));

    /// <summary>Gives the graphs in which each layer that nobody named is another one, under a name.</summary>
    public static ImmutableArray<Expr> In(string scope, ImmutableArray<Expr> ys) =>
        Expr.Rebuild(ys, (e, operands) => Replaced(e, operands, identity => identity.In(scope)));

    static Expr Replaced(Expr e, ImmutableArray<Expr> operands, Func<Identity, Identity> replace)
    {
        switch (e.Op)
        {
            case Named named and not Argument:
                var (identity, part) = replace(named.Identity).At(named.Part);
                return identity.Equals(named.Identity) ? e : Expr.Of(named with { Identity = identity, Part = part });
            case Uniform { Stream: not NumberedStream } uniform:
                var (stream, of) = replace(uniform.Stream).At(uniform.Part);
                return Expr.Of(uniform with { Stream = stream, Part = of }, operands);
            case Closure closure:
                return Expr.Of(closure with { Body = closure.Body.Rebuild((inner, from) => Replaced(inner, from, replace)) }, operands);
            default:
                return e.With(operands);
        }
    }
}
