using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Testing;

/// <summary>
/// Finds where compiled f32 code gives NaN or an infinity though the exact number, known from arithmetic that does not overflow, is one that f32 has.
/// </summary>
static class Overflow
{
    public const string Value = "the value";

    public static IEnumerable<Finding> Find(Formula formula, IReadOnlyList<double[]> points)
    {
        var at = points.Where(p => Array.TrueForAll(p, x => (float)x == x)).ToList();
        if (at.Count == 0 || Compute(formula, at) is not { } results)
            yield break;
        for (int r = 0; r < results.Length; r++)
        for (int i = 0; i < at.Count; i++)
        {
            if (float.IsFinite(results[r][i]))
                continue;
            int argument = r - 1; // the first is the value
            var run = new ExactRun(at[i], argument);
            var jet = run.Of(formula.Value);
            if (run.Tied && r > 0)
                continue; // judged by both sides
            var exact = r == 0 ? jet.Value : jet.Slope;
            if (!jet.Value.IsDefined || !ExactJudge.IsInRange(exact))
                continue;
            string what = r == 0 ? Value : Formula.NameOf(argument, formula.Arity);
            yield return new(
                new(what, -1, results[r][i], exact.Middle, double.PositiveInfinity, Verdict.Fail, "in f32, which has the exact number"),
                at[i]
            );
        }
    }

    /// <summary>Runs value and derivatives, compiled for f32; null where the function takes no vectors.</summary>
    static float[][]? Compute(Formula formula, List<double[]> at)
    {
        try
        {
            Expr[] x = [.. Enumerable.Range(0, formula.Arity).Select(i => Expr.Input(Formula.NameOf(i, formula.Arity), [at.Count]))];
            var y = formula.Build(x);
            if (y.Type != x[0].Type)
                return null;
            var f = Compile.Function([y, .. Gradient.Of(y.Sum(), x, Unreached.Zero)]);
            var used = f.Inputs.Select(i => i.Id).ToHashSet();
            Binding[] bindings =
            [
                .. x.Select((_, i) => (Name: Formula.NameOf(i, formula.Arity), Values: at.Select(p => (float)p[i]).ToArray()))
                    .Where(b => used.Contains(b.Name))
                    .Select(b => new Binding(b.Name, Tensor.From([at.Count], b.Values))),
            ];
            return [.. f.Call(bindings).Select(t => t.ToArray<float>())];
        }
        catch (GraphException)
        {
            return null;
        }
    }
}
