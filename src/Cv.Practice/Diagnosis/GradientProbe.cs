using System.Collections.Immutable;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Practice;

/// <summary>One element of a gradient beside a central difference.</summary>
readonly record struct Difference(string Parameter, int Index, double Analytic, double Numeric, double Error);

/// <summary>Compares a compiled gradient with central differences of the compiled loss, both in f64: thousands of times faster than node by node.</summary>
sealed class GradientProbe : IDisposable
{
    readonly CompiledFunction _loss;
    readonly CompiledFunction _gradients;
    readonly ImmutableArray<Expr> _parameters;
    readonly ModelState _state;
    readonly Binding[] _inputs;

    public GradientProbe(Patient patient, ModelState state, Batch batch)
    {
        var total = new Graph(patient.Total).ForTraining().Outputs[0].WithDType(DType.F64);
        _parameters = [.. Expr.Nodes(total).Where(e => e.Op is Parameter)];
        _loss = Compile.Function(new Graph(total), patient.Options.Compile);
        _gradients = Compile.Function(new Graph([.. Gradient.Of(total, [.. _parameters])]), patient.Options.Compile);
        var leaves = _loss.Leaves.Union(_gradients.Leaves).Select(l => (((Named)l.Op).Id, l.DType));
        _state = new([.. leaves.Select(l => KeyValuePair.Create(l.Id, state[l.Id].Cast(l.DType)))]);
        _inputs = [new("x", batch.X.Cast(DType.F64)), new(Training.Labels, batch.Labels)];
    }

    /// <summary>Compares some elements of each parameter, drawn at random.</summary>
    public ImmutableArray<Difference> Compare(int elements, ulong seed)
    {
        double[][] gradients = _gradients.Call(_state, Of(_gradients)).Numbers();
        // as in Cv.Testing: numbers as small as this are nothing beside the largest
        double floor = 1e-6 * Math.Max(1e-3, gradients.SelectMany(g => g).Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
        var found = ImmutableArray.CreateBuilder<Difference>();
        foreach (var (parameter, gradient) in _parameters.Zip(gradients))
        {
            string id = ((Named)parameter.Op).Id;
            var random = new RandomStream(seed, $"diagnosis/{id}");
            for (int k = 0; k < Math.Min(elements, gradient.Length); k++)
            {
                int index = elements >= gradient.Length ? k : (int)(random.Uniform(k) * gradient.Length);
                found.Add(At(id, index, gradient[index], floor));
            }
        }
        return found.ToImmutable();
    }

    public void Dispose()
    {
        _state.Dispose();
        _inputs[0].Value.Dispose();
    }

    /// <summary>Takes smaller and smaller steps until one agrees: a larger one may step over a kink, a smaller one is lost in rounding.</summary>
    Difference At(string id, int index, double analytic, double floor)
    {
        var best = new Difference(id, index, analytic, double.NaN, double.PositiveInfinity);
        foreach (double step in (ReadOnlySpan<double>)[1e-3, 1e-4, 1e-5, 1e-6])
        {
            double numeric = (8 * (Moved(step) - Moved(-step)) - (Moved(2 * step) - Moved(-2 * step))) / (12 * step);
            double error =
                analytic == numeric ? 0 : Math.Abs(analytic - numeric) / Math.Max(floor, Math.Max(Math.Abs(analytic), Math.Abs(numeric)));
            if (error < best.Error)
                best = best with { Numeric = numeric, Error = error };
            if (error <= 1e-7)
                break;
        }
        return best;

        double Moved(double by)
        {
            ref double element = ref _state[id].AsSpan<double>()[index];
            double was = element;
            element += by;
            double loss = _loss.Call(_state, Of(_loss)).Scalars()[0];
            element = was;
            return loss;
        }
    }

    Binding[] Of(CompiledFunction function) => [.. _inputs.Where(b => function.Inputs.Any(i => i.Id == b.Name))];
}
