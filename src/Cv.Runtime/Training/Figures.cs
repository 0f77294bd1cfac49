using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Calls a step or an evaluator, and holds what it gives: the loss, and the metrics that it names. Each call writes to the same tensors, so that a loop allocates nothing.
/// </summary>
sealed class Figures(IFunction function) : IDisposable
{
    Tensor[]? _results;
    readonly double[] _metrics = new double[function.Metrics.Count];

    /// <summary>Gives the loss of the last call.</summary>
    public double Loss { get; private set; }

    /// <summary>Gives the metrics of the last call.</summary>
    public ReadOnlySpan<double> Metrics => _metrics;

    /// <summary>Names the metrics.</summary>
    public IReadOnlyList<Metric> Names => function.Metrics;

    /// <summary>Calls the function, and reads its results.</summary>
    /// <exception cref="ArgumentException">They are not a loss and the metrics that the function names.</exception>
    public Figures Call(ModelState state, Binding[] inputs)
    {
        if (_results is null)
            _results = [.. function.Call(state, inputs)];
        else
            function.CallInto(state, _results, inputs);
        return Read(_results);
    }

    /// <summary>Gives the results' memory back.</summary>
    public void Dispose()
    {
        foreach (var tensor in _results ?? [])
            tensor.Dispose();
        _results = null;
    }

    /// <summary>Copies the metrics of the last call, by name.</summary>
    public MetricValues ToValues() =>
        _metrics.Length == 0 ? MetricValues.None : new(Names.Select((m, i) => new MetricValue(m.Name, _metrics[i], m.IsFraction)));

    Figures Read(Tensor[] outputs)
    {
        if (outputs.Length != 1 + _metrics.Length)
            throw new ArgumentException(
                $"training: a step or an evaluator must give the loss and the metrics that it names; got {outputs.Length} outputs, and the names {(Names.Count == 0 ? "of none" : string.Join(", ", Names.Select(m => $"\"{m.Name}\"")))}. Name them: Compile.Function(graph, options, metrics)?",
                nameof(outputs)
            );
        Loss = outputs[0].Item();
        for (int i = 0; i < _metrics.Length; i++)
            _metrics[i] = outputs[1 + i].Item();
        return this;
    }
}
