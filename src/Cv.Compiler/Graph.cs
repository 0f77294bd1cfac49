using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>Says that a parameter or state takes a new value when the graph has run.</summary>
/// <param name="Target">The <see cref="Parameter"/> or <see cref="State"/> node.</param>
/// <param name="Value">Its next value, of the same type.</param>
public sealed record Update(Expr Target, Expr Value);

/// <summary>Is what gets compiled: the values asked for, and the updates of what lives between calls.</summary>
public sealed class Graph
{
    readonly Lazy<ImmutableArray<Expr>> _nodes;

    /// <summary>
    /// Makes a graph, and names the layers in it that have no name yet: by their kind and the first number that is free in it, in the order of the graph. A name that was given stays.
    /// </summary>
    /// <exception cref="GraphException">
    /// An update's target is not a parameter or state, is updated twice, or has another type than its value; or two different layers
    /// have one name.
    /// </exception>
    public Graph(ImmutableArray<Expr> outputs, ImmutableArray<Update> updates = default)
        : this(updates, outputs) => NameTable.Close("graph", Nodes.Concat(Updates.Select(u => u.Target)));

    /// <summary>Makes a graph of nodes that were in one before, and so have their names.</summary>
    Graph(ImmutableArray<Update> updates, ImmutableArray<Expr> outputs)
    {
        Outputs = outputs;
        Updates = updates.IsDefault ? [] : updates;
        foreach (var (target, value) in Updates)
        {
            if (target.Op is not (Parameter or State or Argument) || target.Type != value.Type)
                throw new GraphException(
                    $"update: the target must be a parameter or state of the value's type; got {target} and {value.Type}. Cast or reshape the value, or make the target a state.",
                    target,
                    value
                );
        }
        var targets = new HashSet<Expr>();
        foreach (var (target, value) in Updates)
            if (!targets.Add(target))
                throw new GraphException(
                    $"update: each parameter or state may be updated once; got {target} twice. Combine the two values into one.",
                    target,
                    value
                );
        _nodes = new(() => Expr.Nodes([.. Roots]));
    }

    /// <summary>Makes a graph of outputs alone.</summary>
    public Graph(params Expr[] outputs)
        : this(outputs.ToImmutableArray()) { }

    /// <summary>Gives the values asked for, in order.</summary>
    public ImmutableArray<Expr> Outputs { get; }

    /// <summary>Gives the updates, in order.</summary>
    public ImmutableArray<Update> Updates { get; }

    /// <summary>Gives every node once, operands before users.</summary>
    public ImmutableArray<Expr> Nodes => _nodes.Value;

    /// <summary>Gives the outputs, then the updates' values.</summary>
    public IEnumerable<Expr> Roots => Outputs.Concat(Updates.Select(u => u.Value));

    /// <summary>
    /// Rebuilds the graph bottom-up; the rule sees each node after its operands, and gives a replacement or null. Without a change, the
    /// result is this same object.
    /// </summary>
    public Graph Rewrite(Func<Expr, Expr?> rule)
    {
        var map = new Dictionary<Expr, Expr>(Nodes.Length);
        bool changed = false;
        foreach (var e in Nodes)
        {
            using var from = Origins.From(e);
            var now = e.With(e.Operands.All(o => map[o] == o) ? e.Operands : [.. e.Operands.Select(o => map[o])]);
            now = rule(now) ?? now;
            map[e] = now;
            changed |= now != e;
        }
        return changed ? new Graph([.. Updates.Select(u => u with { Value = map[u.Value] })], [.. Outputs.Select(o => map[o])]) : this;
    }

    /// <summary>
    /// Chooses training wherever the graph asks (<see cref="WhenTraining"/>), and adds the updates that its layers remember (<see cref="Remember"/>), in the
    /// order of the text: a state that is remembered again goes on from what it was given before.
    /// </summary>
    /// <example><code>
    /// var forward = new Graph(loss).ForTraining();
    /// var gradients = Gradient.Of(forward.Outputs[0], w);
    /// </code></example>
    /// <exception cref="GraphException">A state is remembered that the graph updates already.</exception>
    public Graph ForTraining() => ForTrainingBut(new HashSet<Expr>());

    /// <summary>Chooses training, but for what would move one of these states: there, it chooses what is not training.</summary>
    internal Graph ForTrainingBut(IReadOnlySet<Expr> frozen)
    {
        // in training a frozen state stays, so what is computed in its place must be what reads it
        bool IsFrozen(Expr training) => training.Op is Remember && frozen.Contains(training.Operands[1]);
        var chosen = Rewrite(e => Within(e, n => n.Op is WhenTraining ? n.Operands[IsFrozen(n.Operands[0]) ? 1 : 0] : null));
        var remembered = chosen
            .Nodes.Where(e => e.Op is Remember)
            .Select(e => new Update(e.Operands[1], e.Operands[2]))
            .Distinct()
            .ToList();
        if (remembered.Count == 0)
            return chosen;
        var plain = new Graph([.. chosen.Outputs, .. remembered.Select(u => u.Value)], chosen.Updates).Rewrite(Forget);
        var next = new Dictionary<Expr, Expr>();
        foreach (var (state, value) in remembered.Select(u => u.Target).Zip(plain.Outputs.Skip(Outputs.Length)))
            next[state] = next.TryGetValue(state, out var before)
                ? value.Substitute(new Dictionary<Expr, Expr> { [state] = before })
                : value;
        return new(plain.Outputs[..Outputs.Length], [.. plain.Updates, .. next.Select(n => new Update(n.Key, n.Value))]);
    }

    /// <summary>Chooses what is not training wherever the graph asks (<see cref="WhenTraining"/>), and remembers nothing. What is compiled or interpreted goes through this.</summary>
    public Graph ForInference() => Rewrite(e => Within(e, n => n.Op is WhenTraining ? n.Operands[1] : Forget(n)));

    /// <summary>Draws the graph in Graphviz's language: outputs with a double border, and a box for each update.</summary>
    /// <inheritdoc cref="Expr.ToDot"/>
    public string ToDot(int most = 2000) => Dot.Of(Drawn(most));

    /// <summary>Draws the graph in Mermaid's language: outputs with a double border, and a box for each update.</summary>
    /// <inheritdoc cref="Expr.ToMermaid"/>
    public string ToMermaid(int most = 200) => Mermaid.Of(Drawn(most));

    /// <summary>Prints the graph as the dumps do: one node a line, constants in place.</summary>
    public override string ToString() => Dump.Text(this);

    Drawing Drawn(int most) => new(Outputs, [.. Updates.Select(u => ($"update {u.Target.Op.Attributes.Trim()}", u.Value))], most);

    /// <summary>Applies a rule to a node, or, where it holds a graph, to each node in that.</summary>
    static Expr? Within(Expr e, Func<Expr, Expr?> rule)
    {
        if (e.Op is not Closure closure)
            return rule(e);
        var now = closure.Rebuild(
            e,
            (inner, operands) =>
            {
                var same = inner.With(operands);
                return Within(same, rule) ?? same;
            }
        );
        return now == e ? null : now;
    }

    static Expr? Forget(Expr e) => e.Op is Remember ? e.Operands[0] : null;
}
