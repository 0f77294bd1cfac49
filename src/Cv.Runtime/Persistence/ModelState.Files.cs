using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Runtime;

public sealed partial class ModelState
{
    /// <summary>Writes every tensor to a file: safetensors or NumPy's .npz, by the file's ending. A file of the name is replaced at once, by the whole new one.</summary>
    /// <example><code>state.Save("run.safetensors");</code></example>
    /// <exception cref="DataException">The ending is neither ".safetensors" nor ".npz", or the file cannot be written.</exception>
    public void Save(string path)
    {
        if (IsNpz(path))
            Npz.Write(path, this);
        else
            Safetensors.Write(path, this);
    }

    /// <summary>Writes the tensors of some leaves alone: those of the compiled prediction are what others need, weights and running statistics.</summary>
    /// <example><code>state.Save("net.npz", program.Predict.Leaves);</code></example>
    /// <exception cref="DataException">The ending is neither ".safetensors" nor ".npz", or the file cannot be written.</exception>
    /// <exception cref="GraphException">A leaf is neither parameter nor state.</exception>
    /// <exception cref="KeyNotFoundException">The state has no tensor of a leaf's name.</exception>
    public void Save(string path, IEnumerable<Expr> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        // the same tensors, which stay this state's: the part is not disposed
        new ModelState(leaves.Select(IdOf).Distinct().Select(id => KeyValuePair.Create(id, this[id]))).Save(path);
    }

    /// <summary>Reads a file that <see cref="Save(string)"/> or another program wrote: safetensors or NumPy's .npz, by its ending.</summary>
    /// <example><code>using var state = ModelState.Load("net.safetensors");   // program.Predict.Call(state, new Binding("x", images))</code></example>
    /// <param name="path">The file.</param>
    /// <param name="budget">The most bytes that packed arrays of an .npz may take when they are unpacked, as <see cref="Npz.Read(string, long?)"/> has it.</param>
    /// <exception cref="DataException">The file is missing or damaged, or its ending is neither ".safetensors" nor ".npz".</exception>
    public static ModelState Load(string path, long? budget = null) => IsNpz(path) ? Npz.Read(path, budget) : Safetensors.Read(path);

    /// <summary>
    /// Overwrites the tensors that the source has under the same name, with the same dtype and shape, and tells what became of each name: the first step of
    /// transfer learning. Changes nothing else.
    /// </summary>
    /// <param name="source">The state to copy from, such as a file's.</param>
    /// <param name="which">Says by name which tensors may be copied; all, unless given.</param>
    /// <example><code>
    /// using var pretrained = ModelState.Load("base.safetensors");
    /// Console.WriteLine(state.CopyMatching(pretrained));   // 6 copied; 2 of another type: dense3.w is f32[64,10] there and f32[64,5] here; ...
    /// </code></example>
    public StateMatch CopyMatching(ModelState source, Func<string, bool>? which = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var wanted = Names.Where(name => which is null || which(name)).ToList();
        var found = wanted.Where(source.Contains).ToLookup(name => source[name].Type == this[name].Type);
        using (StateClaims.Take(changed: this, read: source, found[true].ToHashSet().Contains))
            foreach (string name in found[true])
                this[name].CopyFrom(source[name]);
        return new(
            [.. found[true]],
            [.. found[false].Select(name => new StateMisfit(name, this[name].Type, source[name].Type))],
            [.. wanted.Where(name => !source.Contains(name))],
            [.. source.Names.Where(name => !Contains(name) || (which is not null && !which(name)))]
        );
    }

    static string IdOf(Expr leaf) =>
        leaf.Op is Named and (Parameter or State)
            ? ((Named)leaf.Op).Id
            : throw new GraphException($"state: every leaf must be a parameter or a state; got {leaf}. Bind inputs at the call instead.");

    static bool IsNpz(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".SAFETENSORS" => false,
            ".NPZ" => true,
            var other => throw new DataException(
                $"{path}: expected a file named .safetensors or .npz, found \"{Excerpt.Of(other)}\". Rename it, or call Safetensors or Npz by name."
            ),
        };
    }
}
