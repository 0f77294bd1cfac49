namespace Cv.Runtime;

/// <summary>Refuses tensors that share memory: what is written to one would change the other.</summary>
static class Overlaps
{
    /// <summary>Checks that each tensor of a state has memory of its own.</summary>
    /// <exception cref="ArgumentException">Two tensors are one, or parts of one that overlap.</exception>
    public static void Refuse(IEnumerable<(string Name, Tensor Tensor)> tensors)
    {
        var placed = tensors.Where(t => t.Tensor.Size > 0).OrderBy(t => t.Tensor.Address).ToList();
        for (int i = 1; i < placed.Count; i++)
            if (placed[i].Tensor.Address < placed[i - 1].Tensor.Address + placed[i - 1].Tensor.ByteSize)
            {
                string[] names = [placed[i - 1].Name, placed[i].Name];
                Array.Sort(names, StringComparer.Ordinal);
                throw new ArgumentException(
                    $"state: each tensor must have memory of its own; \"{names[0]}\" and \"{names[1]}\" share theirs, so that a step would move it twice. Copy one: tensor.Clone().",
                    nameof(tensors)
                );
            }
    }
}
